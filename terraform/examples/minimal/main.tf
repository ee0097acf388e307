# The least: every topic that the pipeline file names is created, nobody is alerted by mail, state is a local file.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}

variable "project_id" {
  description = "The Google Cloud project."
  type        = string
}

variable "packages" {
  description = "The folder that `make package` writes, as an absolute path."
  type        = string
}

variable "mode" {
  description = "The highest mode of all functions, as the module has it."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the ledger's tables cannot be deleted."
  type        = bool
  default     = true
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
}

output "gapheal" {
  description = "Where everything is."
  value       = module.pipeline
}
