# An account for each step, so that whoever gets hold of one has a step and not the warehouse. None of them has a key.

locals {
  steps = {
    ingest   = "copies deliveries from the archive"
    split    = "splits the day's logs by course"
    build    = "loads and builds the courses' tables"
    archive  = "pushes finished weeks to the archive, and restores them"
    research = "makes the tables with pseudonyms"
    watch    = "looks at what is late"
  }
}

resource "google_service_account" "steps" {
  for_each = local.steps

  project      = local.project
  account_id   = "edx-warehouse-${each.key}"
  display_name = "edX Warehouse ${var.name}: ${each.value}"
}

resource "google_service_account_iam_member" "airflow" {
  for_each = google_service_account.steps

  service_account_id = each.value.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = var.airflow
}

resource "google_project_iam_member" "jobs" {
  for_each = google_service_account.steps

  project = local.project
  role    = "roles/bigquery.jobUser"
  member  = each.value.member
}

# A course that was added to the registry has no dataset until Terraform is applied: its step makes it.
resource "google_project_iam_custom_role" "creator" {
  project     = local.project
  role_id     = "edxWarehouseDatasetCreator"
  title       = "edX Warehouse: create datasets"
  permissions = ["bigquery.datasets.create"]
}

resource "google_project_iam_member" "creators" {
  for_each = local.creators

  project = local.project
  role    = google_project_iam_custom_role.creator.id
  member  = google_service_account.steps[each.key].member
}
