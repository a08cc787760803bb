# The tag on restricted columns: who may read a table may not read them for that.

resource "google_data_catalog_taxonomy" "this" {
  project                = local.project
  region                 = var.taxonomy_location
  display_name           = "edX Warehouse ${var.name}"
  description            = "Classes of columns (docs/privacy.md)."
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
}

resource "google_data_catalog_policy_tag" "restricted" {
  taxonomy     = google_data_catalog_taxonomy.this.id
  display_name = "restricted"
  description  = "Tells who somebody is, or what somebody wrote."
}

# The steps check and join what they load.
resource "google_data_catalog_policy_tag_iam_member" "steps" {
  for_each = toset(["build", "research"])

  policy_tag = google_data_catalog_policy_tag.restricted.id
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = google_service_account.steps[each.key].member
}

resource "google_data_catalog_policy_tag_iam_member" "people" {
  for_each = toset(var.restricted_readers)

  policy_tag = google_data_catalog_policy_tag.restricted.id
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = each.key
}

# Putting a tag on a column is a right that writing a table does not give.
resource "google_project_iam_custom_role" "tag_setter" {
  project     = local.project
  role_id     = "edxWarehouseTagSetter"
  title       = "edX Warehouse: put policy tags on columns"
  permissions = ["bigquery.tables.setCategory", "datacatalog.taxonomies.get"]
}

resource "google_project_iam_member" "tag_setters" {
  for_each = toset(["build", "ingest", "research"])

  project = local.project
  role    = google_project_iam_custom_role.tag_setter.id
  member  = google_service_account.steps[each.key].member
}
