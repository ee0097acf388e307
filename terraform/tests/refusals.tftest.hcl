# What the module does not take, said before anything is made.

mock_provider "google" {}
mock_provider "time" {}

variables {
  project_id = "my-project-1"
  packages   = "./tests/packages"
}

run "a_topic_that_the_file_does_not_name" {
  command = plan
  variables {
    existing_topics = ["shop-raw-dome"]
  }
  expect_failures = [var.existing_topics]
}

run "a_mode_that_is_none" {
  command = plan
  variables {
    mode = "on"
  }
  expect_failures = [var.mode]
}

run "a_deadline_that_a_pass_does_not_fit_in" {
  command = plan
  variables {
    timeout_seconds = 300
  }
  expect_failures = [var.timeout_seconds]
}

run "a_secret_that_changes_by_itself" {
  command = plan
  variables {
    secrets = { GAPHEAL_ALERT_URLS = { secret = "alert-urls", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "pages_for_everybody" {
  command = plan
  variables {
    dashboard_viewers = ["allUsers"]
  }
  expect_failures = [var.dashboard_viewers]
}

run "a_target_that_is_no_http_target" {
  command = plan
  variables {
    target_services = { raw_to_clean = { service = "clean", region = "europe-west1" } }
  }
  expect_failures = [var.target_services]
}

run "a_multi_region_for_functions" {
  command = plan
  variables {
    region = "eu"
  }
  expect_failures = [var.region]
}

run "another_owner_label" {
  command = plan
  variables {
    labels = { gapheal_pipeline = "other" }
  }
  expect_failures = [var.labels]
}
