# A team's deployment: topics that are there already, a service called over HTTP, secrets, mail and pager, state that
# is shared. The names are those of the NBA example.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }

  # terraform init -backend-config=bucket=my-terraform-state
  backend "gcs" {
    prefix = "gapheal/nba-props"
  }
}

provider "google" {
  project = var.project_id
}

module "pipeline" {
  source = "../../"

  project_id          = var.project_id
  packages            = var.packages
  mode                = var.mode
  deletion_protection = var.deletion_protection
  region              = "us-west2"
  labels              = { team = "data", environment = "production" }

  # Published and subscribed long before gapheal came.
  existing_topics = [
    "nba-phase2-raw-complete",
    "nba-phase3-analytics-complete",
    "nba-phase4-precompute-complete",
    "nba-phase3-trigger",
    "nba-phase4-trigger",
  ]

  # What the views of the pipeline file are made from.
  read_datasets = ["${var.project_id}.nba_staging"]

  # A Cloud Run service that phase4_to_phase5 calls.
  target_services = {
    phase4_to_phase5 = { service = "prediction-coordinator", region = "us-west2" }
  }

  # Made with `gcloud secrets create`; only their names are written here.
  secrets = {
    GAPHEAL_ALERT_URLS = { secret = "gapheal-alert-urls", version = "1" }
    GAPHEAL_PAGE_URLS  = { secret = "gapheal-page-urls", version = "1" }
  }

  alert_emails      = ["data-team@example.com"]
  page_channels     = var.page_channels
  dashboard_viewers = ["group:data-team@example.com"]

  max_instances        = 5
  scan_spacing_minutes = 8
  sweep_hour           = 9
}
