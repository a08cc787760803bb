terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 6.0"
    }
  }

  # Where the state is kept: terraform init -backend-config=bucket=… (the state names no secret).
  backend "gcs" {
    prefix = "edx-warehouse"
  }
}

provider "google" {
  # Budgets and the Data Catalog are billed to the project that is asked, not to that of the person who asks.
  user_project_override = true
  billing_project       = var.operations_project
}

provider "google-beta" {
  user_project_override = true
  billing_project       = var.operations_project
}
