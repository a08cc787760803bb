# Everything at Google that the package needs and does not make itself. Read docs/infrastructure.md first.

module "names" {
  source   = "./modules/names"
  registry = yamldecode(file(var.registry))
}

# Airflow's own account may act as the accounts of the steps, and nothing else: it reads no learner's data.
resource "google_service_account" "airflow" {
  project      = var.operations_project
  account_id   = "edx-warehouse-airflow"
  display_name = "edX Warehouse: Airflow"
}

resource "google_service_account_iam_member" "airflow_pods" {
  count = var.workload_identity == null ? 0 : 1

  service_account_id = google_service_account.airflow.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.operations_project}.svc.id.goog[${var.workload_identity}]"
}

# Connections are secrets named airflow-connections-…; the account reads those and no others.
resource "google_project_iam_member" "airflow_secrets" {
  project = var.operations_project
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.airflow.member

  condition {
    title      = "airflow's own secrets"
    expression = "resource.name.extract(\"/secrets/{name}\").startsWith(\"airflow-\")"
  }
}

module "institution" {
  source   = "./modules/institution"
  for_each = module.names.institutions

  name                  = each.key
  names                 = each.value
  location              = var.location
  taxonomy_location     = var.taxonomy_location
  folder_id             = var.folder_id
  billing_account       = var.billing_account
  monthly_budget        = lookup(var.monthly_budget, each.key, 500)
  daily_query_tebibytes = var.daily_query_tebibytes
  quarantine_days       = var.quarantine_days
  readers               = lookup(var.readers, each.key, [])
  restricted_readers    = lookup(var.restricted_readers, each.key, [])
  alert_channels        = var.alert_channels
  airflow               = google_service_account.airflow.member
  audit_dataset         = google_bigquery_dataset.audit.id
}
