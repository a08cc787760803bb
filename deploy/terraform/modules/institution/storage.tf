# The bucket. What edX sent is kept; what can be made again is not kept twice for long.

resource "google_storage_bucket" "this" {
  project                     = local.project
  name                        = var.names.bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * 24 * 60 * 60
  }

  # An object that was replaced or deleted can be had back for a month.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  # Exact copies are read again when something is to be made again, which is rare after a quarter.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
    condition {
      age                   = 90
      matches_prefix        = ["hmdc/"]
      matches_storage_class = ["STANDARD"]
    }
  }

  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }
    condition {
      age                   = 365
      matches_prefix        = ["hmdc/"]
      matches_storage_class = ["NEARLINE"]
    }
  }

  # Records of replays, below quarantine/replays/, are not touched: they say which lines are counted already.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.quarantine_days
      matches_prefix = ["quarantine/logs/"]
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Listing cannot be bound to a prefix, so it is a role of its own: names are no learner's data.
resource "google_project_iam_custom_role" "lister" {
  project     = local.project
  role_id     = "edxWarehouseLister"
  title       = "edX Warehouse: list objects"
  permissions = ["storage.buckets.get", "storage.objects.list"]
}

locals {
  objects = "projects/_/buckets/${var.names.bucket}/objects"
  copies  = "resource.name.startsWith(\"${local.objects}/hmdc/\")"

  # What each step reads and writes of objects, as conditions on their names; null is no condition, and a step that is not
  # named has no such access. The tasks' code is the source: operators/ with the Dags of the step.
  reads = {
    ingest   = null
    split    = null
    build    = null
    archive  = null
    research = "!${local.copies}"
    watch    = "!${local.copies} || resource.name.endsWith(\"/MANIFEST.json\") || resource.name.endsWith(\".manifest.json\") || resource.name.startsWith(\"${local.objects}/hmdc/packages/\")"
  }
  writes = {
    ingest  = "${local.copies} || resource.name.startsWith(\"${local.objects}/reference/\") || resource.name.startsWith(\"${local.objects}/quarantine/\")"
    split   = "resource.name.startsWith(\"${local.objects}/quarantine/logs/\") || resource.name.startsWith(\"${local.objects}/hmdc/splits/\") || (resource.name.extract(\"/objects/{slug}/logs/\") != \"\" && !${local.copies})"
    build   = "!${local.copies}"
    archive = null
  }
}

resource "google_storage_bucket_iam_member" "listers" {
  for_each = local.reads

  bucket = google_storage_bucket.this.name
  role   = google_project_iam_custom_role.lister.id
  member = google_service_account.steps[each.key].member
}

resource "google_storage_bucket_iam_member" "readers" {
  for_each = local.reads

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.steps[each.key].member

  dynamic "condition" {
    for_each = each.value == null ? [] : [each.value]
    content {
      title      = "${each.key} reads"
      expression = condition.value
    }
  }
}

resource "google_storage_bucket_iam_member" "writers" {
  for_each = local.writes

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectUser"
  member = google_service_account.steps[each.key].member

  dynamic "condition" {
    for_each = each.value == null ? [] : [each.value]
    content {
      title      = "${each.key} writes"
      expression = condition.value
    }
  }
}
