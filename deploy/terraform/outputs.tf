output "registry" {
  description = "What to write below each institution in the registry."
  value = {
    for name, it in module.institution : name => {
      policy_tags = { restricted = it.restricted_tag }
      connections = { for step, account in it.accounts : step => "${lower(name)}_${step}" }
    }
  }
}

output "connections" {
  description = "The Airflow connections that the registry names: secrets airflow-connections-NAME of the operations project."
  value = merge([
    for name, it in module.institution : {
      for step, account in it.accounts : "${lower(name)}_${step}" => jsonencode({
        conn_type = "google_cloud_platform"
        extra     = { project = it.project, impersonation_chain = account }
      })
    }
  ]...)
}

output "airflow_account" {
  description = "Account that Airflow's processes run as."
  value       = google_service_account.airflow.email
}

output "task_logs" {
  description = "Value of AIRFLOW_REMOTE_LOG_FOLDER."
  value       = "gs://${google_storage_bucket.task_logs.name}/tasks"
}
