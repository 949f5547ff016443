#!/usr/bin/env bash
# Launches the Flex Template every night at 2:30 UTC, by Cloud Scheduler. No machine of yours needs to be up.
# Adapt launch.json first: it is the body of the call. A job of the same name that is still at work makes Dataflow
# refuse the launch, so two never run at once.
#
#   runners/dataflow/schedule.sh PROJECT REGION SERVICE_ACCOUNT
#
# The account needs roles/dataflow.developer, and roles/iam.serviceAccountUser on that of the workers.
set -euo pipefail
project=$1 region=$2 account=$3
gcloud scheduler jobs create http beamprint-nightly --project "$project" --location "$region" \
    --schedule "30 2 * * *" --time-zone Etc/UTC \
    --uri "https://dataflow.googleapis.com/v1b3/projects/$project/locations/$region/flexTemplates:launch" \
    --http-method POST --headers Content-Type=application/json \
    --message-body-from-file "$(dirname "$0")/launch.json" \
    --oauth-service-account-email "$account" \
    --max-retry-attempts 3 --min-backoff 15m
