variable "name" {
  description = "The institution, as the registry writes it."
  type        = string
}

variable "names" {
  description = "Its project, bucket and datasets: an element of the names module's institutions."
  type = object({
    project  = string
    bucket   = string
    courses  = list(string)
    datasets = set(string)
    research = set(string)
  })
}

variable "location" {
  type = string
}

variable "taxonomy_location" {
  type = string
}

variable "folder_id" {
  type = string
}

variable "billing_account" {
  type = string
}

variable "monthly_budget" {
  type = number
}

variable "daily_query_tebibytes" {
  type = number
}

variable "quarantine_days" {
  type = number
}

variable "readers" {
  type = list(string)
}

variable "restricted_readers" {
  type = list(string)
}

variable "alert_channels" {
  type = list(string)
}

variable "airflow" {
  description = "Member that acts as the accounts of the steps."
  type        = string
}

variable "audit_dataset" {
  description = "Dataset that audit logs go to, as projects/…/datasets/…"
  type        = string
}
