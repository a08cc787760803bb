# Datasets and who may read and write them. Nobody has a role of the whole project that reads data.

locals {
  shared = {
    warehouse_ops       = "How the warehouse was made."
    warehouse_reference = "Tables that are the same for all courses."
    warehouse_staging   = "Tables on their way; each lives a day at most."
    warehouse_keys      = "Which pseudonym each person has: of nobody but the warehouse."
  }
  shared_editors = {
    warehouse_ops       = ["ingest", "split", "build", "archive", "research"]
    warehouse_reference = ["ingest"]
    warehouse_staging   = ["ingest", "build", "research"]
    warehouse_keys      = ["research"]
  }
  shared_readers = {
    warehouse_ops       = ["watch"]
    warehouse_reference = ["build", "research"]
  }
  # Research reads the newest tables and windows, never the day tables.
  studied = [for it in var.names.datasets : it if !endswith(it, "_logs")]

  datasets = setunion(var.names.datasets, var.names.research, keys(local.shared))

  editors = merge(
    { for it in var.names.datasets : "${it} build" => { dataset = it, step = "build" } },
    { for it in var.names.research : "${it} research" => { dataset = it, step = "research" } },
    merge([
      for dataset, steps in local.shared_editors : {
        for step in steps : "${dataset} ${step}" => { dataset = dataset, step = step }
      }
    ]...),
  )
  viewers = merge(
    { for it in local.studied : "${it} research" => { dataset = it, step = "research" } },
    merge([
      for dataset, steps in local.shared_readers : {
        for step in steps : "${dataset} ${step}" => { dataset = dataset, step = step }
      }
    ]...),
  )
  # Who compares what is split with what is loaded sees tables and their labels, no rows: start_missed_loads of ingest,
  # start_loads of split, the look of watch.
  lookers = merge([
    for dataset in var.names.datasets : {
      for step in ["ingest", "split", "watch"] : "${dataset} ${step}" => { dataset = dataset, step = step }
    } if endswith(dataset, "_logs") || endswith(dataset, "_latest")
  ]...)
  people = merge([
    for dataset in concat(tolist(var.names.datasets), ["warehouse_reference", "warehouse_ops"]) : {
      for group in concat(var.readers, var.restricted_readers) : "${dataset} ${group}" => { dataset = dataset, group = group }
    }
  ]...)
}

resource "google_bigquery_dataset" "this" {
  for_each = local.datasets

  project                     = local.project
  dataset_id                  = each.key
  location                    = var.location
  description                 = lookup(local.shared, each.key, "${each.key}: built and described by edx-warehouse.")
  default_table_expiration_ms = each.key == "warehouse_staging" ? 24 * 60 * 60 * 1000 : null
  delete_contents_on_destroy  = false
  # As long as rows that were replaced can be had back, they are not gone: a week.
  max_time_travel_hours = "168"

  lifecycle {
    prevent_destroy = true
    # The package describes and labels what it makes.
    ignore_changes = [description, labels]
  }
}

resource "google_bigquery_dataset_iam_member" "editors" {
  for_each = local.editors

  project    = local.project
  dataset_id = google_bigquery_dataset.this[each.value.dataset].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.steps[each.value.step].member
}

resource "google_bigquery_dataset_iam_member" "viewers" {
  for_each = local.viewers

  project    = local.project
  dataset_id = google_bigquery_dataset.this[each.value.dataset].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.steps[each.value.step].member
}

resource "google_bigquery_dataset_iam_member" "lookers" {
  for_each = local.lookers

  project    = local.project
  dataset_id = google_bigquery_dataset.this[each.value.dataset].dataset_id
  role       = "roles/bigquery.metadataViewer"
  member     = google_service_account.steps[each.value.step].member
}

resource "google_bigquery_dataset_iam_member" "people" {
  for_each = local.people

  project    = local.project
  dataset_id = google_bigquery_dataset.this[each.value.dataset].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value.group
}

resource "google_project_iam_member" "people_jobs" {
  for_each = toset(concat(var.readers, var.restricted_readers))

  project = local.project
  role    = "roles/bigquery.jobUser"
  member  = each.key
}
