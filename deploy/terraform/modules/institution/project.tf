# The institution's project, its budget, what its queries may read, and its audit logs.

resource "google_project" "this" {
  count = var.folder_id == null ? 0 : 1

  project_id          = var.names.project
  name                = var.names.project
  folder_id           = var.folder_id
  billing_account     = var.billing_account
  auto_create_network = false
  deletion_policy     = "PREVENT"
}

data "google_project" "this" {
  project_id = var.names.project
  depends_on = [google_project.this]
}

locals {
  project = data.google_project.this.project_id
  # Who may create datasets without Terraform: the steps whose datasets follow a registry that grows.
  creators = toset(["build", "research"])
}

resource "google_project_service" "this" {
  for_each = toset([
    "bigquery.googleapis.com",
    "bigquerydatapolicy.googleapis.com",
    "datacatalog.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "storage.googleapis.com",
  ])

  project            = local.project
  service            = each.key
  disable_on_destroy = false
}

resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = "edX Warehouse: ${var.name}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = var.alert_channels
  }
}

# A budget tells; this stops. The unit is mebibytes.
resource "google_service_usage_consumer_quota_override" "query_bytes" {
  provider = google-beta

  project        = local.project
  service        = "bigquery.googleapis.com"
  metric         = urlencode("bigquery.googleapis.com/quota/query/usage")
  limit          = urlencode("/d/project")
  override_value = tostring(var.daily_query_tebibytes * 1024 * 1024)
  force          = true
}

resource "google_project_iam_audit_config" "this" {
  for_each = toset(["bigquery.googleapis.com", "storage.googleapis.com"])

  project = local.project
  service = each.key

  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_logging_project_sink" "audit" {
  project                = local.project
  name                   = "edx-warehouse-audit"
  destination            = "bigquery.googleapis.com/${var.audit_dataset}"
  filter                 = "logName:\"cloudaudit.googleapis.com\" AND protoPayload.serviceName=(\"bigquery.googleapis.com\" OR \"storage.googleapis.com\")"
  unique_writer_identity = true

  bigquery_options {
    use_partitioned_tables = true
  }
}
