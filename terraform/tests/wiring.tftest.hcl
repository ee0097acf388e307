# What is connected to what. Nothing real is made: the values are invented, and must turn up where they belong.

mock_provider "google" {
  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

mock_provider "time" {}

override_resource {
  target = google_service_account.runtime
  values = {
    email  = "runtime@my-project-1.iam.gserviceaccount.com"
    member = "serviceAccount:runtime@my-project-1.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.scheduler
  values = {
    email  = "scheduler@my-project-1.iam.gserviceaccount.com"
    member = "serviceAccount:scheduler@my-project-1.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.push
  values = {
    email  = "push@my-project-1.iam.gserviceaccount.com"
    member = "serviceAccount:push@my-project-1.iam.gserviceaccount.com"
    name   = "projects/my-project-1/serviceAccounts/push@my-project-1.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.build
  values = {
    email  = "build@my-project-1.iam.gserviceaccount.com"
    member = "serviceAccount:build@my-project-1.iam.gserviceaccount.com"
  }
}

variables {
  project_id = "my-project-1"
  packages   = "./tests/packages"
}

run "wired" {
  command = apply

  variables {
    secrets = {
      GAPHEAL_ALERT_URLS = { secret = "alert-urls", version = "3" }
    }
    target_services = {
      clean_to_facts = { service = "facts", region = "europe-west1", project = "other-project-1" }
    }
    alert_emails  = ["data@example.com"]
    page_channels = ["projects/my-project-1/notificationChannels/1"]
  }

  # --- Functions

  assert {
    condition = alltrue([for function in google_cloudfunctions2_function.transition :
      function.service_config[0].service_account_email == "runtime@my-project-1.iam.gserviceaccount.com" &&
      function.build_config[0].service_account == "projects/my-project-1/serviceAccounts/build@my-project-1.iam.gserviceaccount.com"
    ])
    error_message = "A function runs as the runtime account and is built by the build account."
  }
  assert {
    condition = alltrue([for name, function in google_cloudfunctions2_function.transition :
      function.build_config[0].source[0].storage_source[0].object == "${name}/${filesha256("${var.packages}/${name}.zip")}.zip"
    ])
    error_message = "A function's source is its own zip, named by its hash."
  }
  assert {
    condition = alltrue([for function in google_cloudfunctions2_function.transition :
      [for variable in function.service_config[0].secret_environment_variables : "${variable.key}=${variable.secret}:${variable.version}"] == ["GAPHEAL_ALERT_URLS=alert-urls:3"]
    ])
    error_message = "Secrets are environment variables of a fixed version."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.runtime["GAPHEAL_ALERT_URLS"].secret_id == "alert-urls" && google_secret_manager_secret_iam_member.runtime["GAPHEAL_ALERT_URLS"].member == "serviceAccount:runtime@my-project-1.iam.gserviceaccount.com"
    error_message = "The runtime may read that secret."
  }

  # --- Events

  assert {
    condition = alltrue([for key, subscription in google_pubsub_subscription.event :
      subscription.push_config[0].push_endpoint == google_cloudfunctions2_function.transition[split("/", key)[0]].service_config[0].uri &&
      subscription.push_config[0].oidc_token[0].audience == subscription.push_config[0].push_endpoint &&
      subscription.push_config[0].oidc_token[0].service_account_email == "push@my-project-1.iam.gserviceaccount.com"
    ])
    error_message = "Events go to their transition's function, with a token for exactly that."
  }
  assert {
    condition     = google_pubsub_subscription.event["raw_to_clean/raw"].topic == google_pubsub_topic.named["shop-raw-done"].id && google_pubsub_subscription.event["publish/facts"].topic == "projects/other-project-1/topics/facts-done"
    error_message = "A subscription is of its phase's topic, in whatever project."
  }
  assert {
    condition = alltrue([for subscription in google_pubsub_subscription.event :
      subscription.ack_deadline_seconds == 600 && subscription.message_retention_duration == "604800s" &&
      subscription.expiration_policy[0].ttl == "" && length(subscription.retry_policy) == 1
    ])
    error_message = "600 s to answer, kept for seven days, never expired, tried again with patience."
  }

  # --- Dead letters

  assert {
    condition = alltrue([for key, subscription in google_pubsub_subscription.event :
      subscription.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead[split("/", key)[0]].id
    ])
    error_message = "What cannot be delivered goes to the transition's dead-letter topic."
  }
  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.dead : subscription.topic == google_pubsub_topic.dead[name].id && subscription.expiration_policy[0].ttl == ""])
    error_message = "Somebody reads every dead-letter topic, for ever."
  }
  assert {
    condition = alltrue([for name, grant in google_pubsub_topic_iam_member.dead :
      grant.topic == google_pubsub_topic.dead[name].name && grant.role == "roles/pubsub.publisher" &&
      grant.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
      ]) && alltrue([for key, grant in google_pubsub_subscription_iam_member.dead :
      grant.subscription == google_pubsub_subscription.event[key].name && grant.role == "roles/pubsub.subscriber" &&
      grant.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    ]) && keys(google_pubsub_subscription_iam_member.dead) == keys(google_pubsub_subscription.event)
    error_message = "Pub/Sub's agent has the two roles that moving dead letters takes."
  }

  # --- Scheduler

  assert {
    condition = alltrue([for key, job in google_cloud_scheduler_job.pass :
      job.http_target[0].uri == google_cloudfunctions2_function.transition[split("/", key)[0]].service_config[0].uri &&
      job.http_target[0].oidc_token[0].audience == job.http_target[0].uri &&
      job.http_target[0].oidc_token[0].service_account_email == "scheduler@my-project-1.iam.gserviceaccount.com"
    ])
    error_message = "A job calls its transition's function, with a token for exactly that."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.pass : tonumber(trimsuffix(job.attempt_deadline, "s")) > var.timeout_seconds && tonumber(trimsuffix(job.attempt_deadline, "s")) > 240])
    error_message = "The caller waits longer than a pass may take, and longer than the function lives."
  }

  # --- Who may do what

  assert {
    condition = alltrue([for name, grant in google_cloud_run_service_iam_member.scheduler :
      grant.service == google_cloudfunctions2_function.transition[name].name && grant.role == "roles/run.invoker" && grant.member == "serviceAccount:scheduler@my-project-1.iam.gserviceaccount.com"
      ]) && alltrue([for name, grant in google_cloud_run_service_iam_member.push :
      grant.service == google_cloudfunctions2_function.transition[name].name && grant.role == "roles/run.invoker" && grant.member == "serviceAccount:push@my-project-1.iam.gserviceaccount.com"
    ])
    error_message = "Scheduler's and Pub/Sub's accounts may invoke the service, and only those."
  }
  assert {
    condition     = google_cloud_run_service_iam_member.target["clean_to_facts"].service == "facts" && google_cloud_run_service_iam_member.target["clean_to_facts"].project == "other-project-1"
    error_message = "gapheal may call an HTTP target."
  }
  assert {
    condition     = google_project_iam_member.jobs.role == "roles/bigquery.jobUser"
    error_message = "On the project the runtime may run queries, and nothing more."
  }

  # --- Ledger

  assert {
    condition     = google_bigquery_dataset.ledger.dataset_id == "gapheal_shop" && google_bigquery_dataset.claims.dataset_id == "gapheal_shop_claims" && google_bigquery_dataset.ledger.labels["gapheal_pipeline"] == "shop" && google_bigquery_dataset.claims.labels["gapheal_pipeline"] == "shop"
    error_message = "Both datasets are the pipeline's own, by name and label."
  }
  assert {
    condition     = alltrue([for table in google_bigquery_table.ledger : table.deletion_protection && coalesce(table.time_partitioning[0].expiration_ms, 0) == 0])
    error_message = "History has no expiry and is not deleted by mistake."
  }
  assert {
    condition     = alltrue([for view in google_bigquery_table.view : strcontains(view.view[0].query, "`my-project-1.gapheal_shop.") && !strcontains(view.view[0].query, "ledger}")])
    error_message = "Views read this ledger."
  }

  # --- Alerts

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.alert : length(policy.notification_channels) == 1]) && alltrue([for policy in google_monitoring_alert_policy.page : length(policy.notification_channels) == 2])
    error_message = "Everything goes to the mail address, pages to the pager as well."
  }
}

# After that apply, from a clone that lies elsewhere.
run "another_folder_is_no_other_source" {
  command = plan

  variables {
    packages = "tests/packages"
  }

  assert {
    condition     = alltrue([for object in google_storage_bucket_object.source : startswith(object.source, "./tests/packages/")])
    error_message = "The same bytes are not uploaded anew: the new object would have the old one's name, and go with it."
  }
}
