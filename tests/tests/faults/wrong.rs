//! Operations that are wrong on purpose: what breaks everything must find them.

use kompox_arm::{ArmClient, ArmOptions, ArmRequest, AuthMethod, Cloud, FinalState};
use kompox_azure_emulator::Options;
use kompox_domain::{Result, Secret};
use kompox_tests::crash_points::{Trouble, break_by, break_everywhere};
use serde_json::json;

use crate::clusters::slow;
use kompox_tests::operations::building::{Building, deprovision, provision};
use kompox_tests::operations::doing::{Doing, Hands, usual_end};

/// Merges tags of a disk of volume `db`, past the driver.
async fn tag(hands: Hands<'_>, name: &str, flag: &str, at: &str) -> Result<()> {
    let connection = hands.world.cloud.emulator.connection();
    let cloud = Cloud::custom(
        &connection.arm_endpoint,
        &connection.authority_host,
        Some(connection.ca_file.clone()),
    )?;
    let method = AuthMethod::ClientSecret {
        tenant_id: connection.tenant_id.clone(),
        client_id: connection.client_id.clone(),
        secret: Secret::new(connection.client_secret.clone()),
    };
    let client = ArmClient::new(cloud, method, ArmOptions::default())?;
    let id = hands.world.id("disks", "db", name);
    let url = client.url(
        &format!("{id}/providers/Microsoft.Resources/tags/default"),
        "2025-04-01",
    )?;
    let tags = json!({"kompox-disk-assigned": flag, "kompox-disk-assigned-at": at});
    let merge = ArmRequest::merge(url, &json!({"operation": "Merge", "properties": {"tags": tags}}))?;
    let cx = &hands.operator.cx;
    let step = cx.begin("tag");
    let result = client.run(cx, &merge, FinalState::Nothing, &step).await;
    step.end(result)?;
    Ok(())
}

#[tokio::test]
async fn an_assignment_that_clears_before_it_marks_is_found_out() {
    let wrong = Doing::new(
        "clear, then mark",
        |h| {
            Box::pin(async move {
                tag(h, "one", "false", "").await?;
                tag(h, "two", "true", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ").await
            })
        },
        || usual_end(|end| end.assigned = vec!["db/two"]),
    );
    let what = break_everywhere(&wrong, Options::default()).await.unwrap_err();
    assert!(
        what.contains("a moment without an assigned disk of db: before it was one"),
        "{what}"
    );
}

#[tokio::test]
async fn an_assignment_that_clears_before_it_marks_is_found_out_by_its_crash_alone() {
    // With the moments left aside, as if they had been missed.
    let wrong = Doing::new(
        "clear, then mark if it was flagged",
        |h| {
            Box::pin(async move {
                let one = h.world.id("disks", "db", "one");
                let raw = h.world.cloud.emulator.resource(&one).await;
                if raw.is_some_and(|raw| raw["tags"]["kompox-disk-assigned"] == "true") {
                    tag(h, "one", "false", "").await?;
                    tag(h, "two", "true", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ").await?;
                }
                Ok(())
            })
        },
        || usual_end(|end| end.assigned = vec!["db/two"]),
    );
    let wrong = Doing {
        may_leave_none: true,
        ..wrong
    };
    let what = break_everywhere(&wrong, Options::default()).await.unwrap_err();
    assert!(what.contains("assigned disk db/two is missing"), "{what}");
}

#[tokio::test]
async fn an_operation_that_leaves_something_over_is_found_out() {
    let wrong = Doing::new(
        "copy by way of a helper's disk",
        |h| {
            Box::pin(async move {
                let helper = format!("tmp{}", h.operator.cx.next_ulid(None).to_string().to_lowercase());
                let helper = &helper[..24];
                h.create("db", helper, None).await?;
                h.delete(helper, false).await
            })
        },
        || usual_end(|_| ()),
    );
    let what = break_everywhere(&wrong, Options::default()).await.unwrap_err();
    assert!(what.contains("is left over"), "{what}");
}

#[tokio::test]
async fn an_operation_that_cannot_be_run_again_is_found_out() {
    let wrong = Doing::new(
        "create that may not be a conflict",
        |h| Box::pin(h.create("db", "new", None)),
        || usual_end(|end| end.disks.push("db/new")),
    );
    let what = break_everywhere(&wrong, Options::default()).await.unwrap_err();
    assert!(what.contains("it cannot be run again"), "{what}");
}

/// What is found out about it where answers are lost, in an Azure that takes its time.
async fn found_out(wrong: Building) -> String {
    let broken = break_by(&wrong, slow(), &[Trouble::AnswerLost]).await;
    broken.unwrap_err()
}

#[tokio::test]
async fn deprovisioning_that_takes_something_of_a_stranger_along_is_found_out() {
    let wrong = Building {
        run: |estate, operator| {
            Box::pin(async {
                let theirs = "/resourceGroups/rg-theirs/providers/Microsoft.Network/virtualNetworks/theirs";
                let emulator = &estate.cloud.emulator;
                emulator.remove_resource(&estate.id(theirs)).await.unwrap();
                deprovision(estate, operator).await.map(drop)
            })
        },
        ..Building::deprovision()
    };
    let what = found_out(wrong).await;
    assert!(what.contains("which is a stranger's, was touched"), "{what}");
}

#[tokio::test]
async fn deprovisioning_that_is_content_once_the_stack_is_gone_is_found_out_by_the_vault_that_stays() {
    let wrong = Building {
        run: |estate, operator| {
            Box::pin(async {
                match estate.cloud.emulator.resource(&estate.stack()).await {
                    None => Ok(()),
                    Some(_) => deprovision(estate, operator).await.map(drop),
                }
            })
        },
        ..Building::deprovision()
    };
    let what = found_out(wrong).await;
    assert!(
        what.contains("deletedVaults/") && what.contains("is left over"),
        "{what}"
    );
}

#[tokio::test]
async fn provisioning_that_takes_what_has_begun_for_done_is_found_out() {
    let wrong = Building {
        run: |estate, operator| {
            Box::pin(async {
                match estate.cloud.emulator.resource(&estate.stack()).await {
                    Some(_) => Ok(()),
                    None => provision(estate, operator).await.map(drop),
                }
            })
        },
        ..Building::provision()
    };
    let what = found_out(wrong).await;
    assert!(what.contains("the stack is"), "{what}");
}
