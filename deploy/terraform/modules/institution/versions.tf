terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source = "hashicorp/google"
    }
    # The daily quota of queries is a resource of the beta provider alone.
    google-beta = {
      source = "hashicorp/google-beta"
    }
  }
}
