variable "registry" {
  description = "Path of the registry that the Dags are made from; datasets and accounts follow it."
  type        = string
  default     = "../../include/registry.yaml"
}

variable "operations_project" {
  description = "Existing project that Airflow runs in: its account, its task logs, the sink of audit logs."
  type        = string
}

variable "location" {
  description = "Place of all buckets and datasets, a region or multi-region: BigQuery loads only from its own."
  type        = string
  default     = "US"
}

variable "taxonomy_location" {
  description = "Place of the policy tags; that of the datasets, in lower case."
  type        = string
  default     = "us"
}

variable "folder_id" {
  description = "Folder in which the institutions' projects are made; null to use projects that are there."
  type        = string
  default     = null
}

variable "billing_account" {
  description = "Account that pays, as in 000000-AAAAAA-BBBBBB."
  type        = string
}

variable "monthly_budget" {
  description = "What a month may cost, by institution, in the currency of the billing account; 500 where it is not named."
  type        = map(number)
  default     = {}
}

variable "daily_query_tebibytes" {
  description = "What all queries of an institution may read in a day: the last barrier, beyond the budgets of dashboards."
  type        = number
  default     = 20
}

variable "quarantine_days" {
  description = "How long lines are kept that became no row. They are as they were logged, with personal data."
  type        = number
  default     = 365
}

variable "readers" {
  description = "By institution, the groups that may query its tables but not the restricted columns; as group:NAME@DOMAIN."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for it in flatten(values(var.readers)) : startswith(it, "group:")])
    error_message = "Give access to groups, as in group:analysts@example.edu: who is in them is their owners' matter."
  }
}

variable "restricted_readers" {
  description = "By institution, the groups that may read restricted columns as well."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for it in flatten(values(var.restricted_readers)) : startswith(it, "group:")])
    error_message = "Give access to groups, as in group:analysts@example.edu."
  }
}

variable "alert_channels" {
  description = "Notification channels of Cloud Monitoring that are told when a budget is nearly used."
  type        = list(string)
  default     = []
}

variable "workload_identity" {
  description = "Kubernetes account that Airflow's pods run as, NAMESPACE/NAME, in the cluster of operations_project; null elsewhere."
  type        = string
  default     = null
}
