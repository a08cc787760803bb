# What Airflow's tasks logged, and who read what in BigQuery and Storage.

resource "google_storage_bucket" "task_logs" {
  project                     = var.operations_project
  name                        = "${var.operations_project}-airflow-logs"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 90
    }
  }
}

resource "google_storage_bucket_iam_member" "task_logs" {
  bucket = google_storage_bucket.task_logs.name
  role   = "roles/storage.objectUser"
  member = google_service_account.airflow.member
}

resource "google_bigquery_dataset" "audit" {
  project     = var.operations_project
  dataset_id  = "edx_warehouse_audit"
  location    = var.location
  description = "Google's audit logs of the institutions' projects: who read and wrote what."

  default_partition_expiration_ms = 400 * 24 * 60 * 60 * 1000
}

resource "google_bigquery_dataset_iam_member" "audit_writers" {
  for_each = module.institution

  project    = var.operations_project
  dataset_id = google_bigquery_dataset.audit.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value.log_writer
}
