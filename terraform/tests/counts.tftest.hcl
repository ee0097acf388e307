# What is there for a pipeline, counted before anything is made.

mock_provider "google" {}
mock_provider "time" {}

variables {
  project_id = "my-project-1"
  packages   = "./tests/packages"
}

run "counts" {
  command = plan

  assert {
    condition     = keys(google_cloudfunctions2_function.transition) == ["clean_to_facts", "publish", "raw_to_clean"]
    error_message = "One function for each transition."
  }
  assert {
    condition     = sort([for function in google_cloudfunctions2_function.transition : function.name]) == tolist(["shop-clean-to-facts", "shop-publish", "shop-raw-to-clean"])
    error_message = "Functions are <pipeline>-<transition>, with hyphens."
  }
  assert {
    condition     = keys(google_pubsub_subscription.event) == ["clean_to_facts/clean", "clean_to_facts/facts", "publish/clean", "publish/facts", "raw_to_clean/clean", "raw_to_clean/raw"]
    error_message = "Each transition hears of its upstreams and of its downstream, where those announce anything."
  }
  assert {
    condition     = keys(google_pubsub_topic.named) == ["shop-clean-done", "shop-clean-trigger", "shop-raw-done", "shop-report-trigger"]
    error_message = "Topics of this project are created, one of another project is not."
  }
  assert {
    condition     = keys(google_pubsub_topic.dead) == keys(google_cloudfunctions2_function.transition) && keys(google_pubsub_subscription.dead) == keys(google_pubsub_topic.dead)
    error_message = "Each function has a dead-letter topic, and each of those a reader."
  }
  assert {
    condition     = length(google_cloud_scheduler_job.pass) == 6
    error_message = "A scan and a sweep for each transition."
  }
  assert {
    condition     = keys(google_cloud_run_service_iam_member.scheduler) == keys(google_cloudfunctions2_function.transition) && keys(google_cloud_run_service_iam_member.push) == keys(google_cloudfunctions2_function.transition)
    error_message = "Both callers of each function are let in."
  }
  assert {
    condition     = keys(google_bigquery_dataset_iam_member.reader) == ["my-project-1.shop_clean", "my-project-1.shop_raw", "my-project-1.shop_report", "other-project-1.shop_facts"]
    error_message = "Each dataset of the file is readable, once, in its own project."
  }
  assert {
    condition     = keys(google_pubsub_topic_iam_member.trigger) == ["shop-clean-trigger", "shop-report-trigger"]
    error_message = "The runtime may publish triggers, and nothing else."
  }
  assert {
    condition     = keys(google_monitoring_alert_policy.page) == ["clean_to_facts/many_gaps", "clean_to_facts/no_scan", "publish/many_gaps", "publish/no_scan", "raw_to_clean/many_gaps", "raw_to_clean/no_scan"]
    error_message = "Silence and a flood page for each transition."
  }
  assert {
    condition     = endswith(google_monitoring_alert_policy.page["publish/many_gaps"].conditions[0].condition_prometheus_query_language[0].query, "> 100")
    error_message = "The page is at the file's page_above."
  }
}

run "scans_follow_the_data" {
  command = plan

  assert {
    condition     = { for key, job in google_cloud_scheduler_job.pass : key => job.schedule if endswith(key, "scan") } == { "raw_to_clean/scan" = "5 * * * *", "clean_to_facts/scan" = "14 * * * *", "publish/scan" = "23 * * * *" }
    error_message = "A transition is scanned after all that come before it."
  }
  assert {
    condition     = google_cloud_scheduler_job.pass["raw_to_clean/sweep"].schedule == "35 6 * * *"
    error_message = "A sweep is daily, and not with the scan."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.pass : job.time_zone == "Europe/Zurich"])
    error_message = "Hours are those of the pipeline."
  }
}

run "existing_topics_stay" {
  command = plan

  variables {
    existing_topics = ["shop-raw-done", "shop-clean-trigger"]
  }

  assert {
    condition     = keys(google_pubsub_topic.named) == ["shop-clean-done", "shop-report-trigger"]
    error_message = "What is there already is not created."
  }
  assert {
    condition     = google_pubsub_subscription.event["raw_to_clean/raw"].topic == "projects/my-project-1/topics/shop-raw-done"
    error_message = "But it is subscribed."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.trigger["shop-clean-trigger"].topic == "projects/my-project-1/topics/shop-clean-trigger"
    error_message = "And may be published to."
  }
}

run "the_brake" {
  command = plan

  variables {
    mode = "observe"
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.transition : function.service_config[0].environment_variables["GAPHEAL_MODE"] == "observe"])
    error_message = "One variable lowers every function's mode."
  }
}

run "with_a_detector" {
  command = plan

  variables {
    packages          = "./tests/packages/detector"
    dashboard_viewers = ["group:data@example.com"]
  }

  assert {
    condition     = keys(google_cloudfunctions2_function.detector) == ["gap_detector"] && google_cloudfunctions2_function.detector["gap_detector"].name == "shop-gap-detector"
    error_message = "The detector is there once it is packaged."
  }
  assert {
    condition     = length(google_cloud_scheduler_job.pass) == 3 && keys(google_cloud_scheduler_job.detector) == ["gap_detector"]
    error_message = "It sweeps, so the transitions have no sweeps of their own."
  }
  assert {
    condition     = keys(google_cloud_run_service_iam_member.detector) == ["gap_detector/group:data@example.com", "gap_detector/scheduler"]
    error_message = "Scheduler and the named viewers may call it."
  }
  assert {
    condition     = contains(keys(google_monitoring_alert_policy.page), "gap_detector/no_digest") && length(google_monitoring_alert_policy.page) == 7
    error_message = "Its silence pages, too."
  }
  assert {
    condition     = google_cloudfunctions2_function.detector["gap_detector"].service_config[0].environment_variables["GAPHEAL_REGION"] == "europe-west1"
    error_message = "It knows where the jobs are."
  }
  assert {
    condition     = google_project_iam_member.schedule["gap_detector"].role == "roles/cloudscheduler.viewer"
    error_message = "It may see the jobs."
  }
}

run "who_does_not_want_it_to_see_the_jobs" {
  command = plan

  variables {
    packages       = "./tests/packages/detector"
    watch_schedule = false
  }

  assert {
    condition     = length(google_project_iam_member.schedule) == 0 && length(google_cloud_scheduler_job.detector) == 1
    error_message = "One role less, and the detector all the same."
  }
}
