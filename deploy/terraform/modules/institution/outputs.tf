output "project" {
  value = local.project
}

output "accounts" {
  description = "E-mail addresses of the accounts by step."
  value       = { for step, it in google_service_account.steps : step => it.email }
}

output "restricted_tag" {
  value = google_data_catalog_policy_tag.restricted.id
}

output "log_writer" {
  description = "Member that writes the audit logs."
  value       = google_logging_project_sink.audit.writer_identity
}
