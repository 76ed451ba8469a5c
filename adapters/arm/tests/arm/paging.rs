//! Listings.

use kompox_arm::{ArmError, ArmRequest};
use kompox_azure_emulator::{FaultAction, FaultRule, Options, RequestKind, Respond};

use crate::support::World;

async fn names(world: &World) -> Result<Vec<String>, ArmError> {
    let mut names = Vec::new();
    let request = ArmRequest::get(world.url(&format!("{}/providers/Microsoft.Compute/disks", world.group)));
    world
        .arm
        .list(&world.cx, request, |element| {
            let value: serde_json::Value = serde_json::from_str(element.get()).unwrap();
            names.push(value["name"].as_str().unwrap().to_owned());
        })
        .await?;
    Ok(names)
}

#[tokio::test]
async fn every_page_is_read_once() {
    let world = World::with(Options {
        page_size: 3,
        ..Options::default()
    })
    .await;
    for index in 0..8 {
        world.run(&world.put_disk(&format!("d{index}"))).await.unwrap();
    }
    world.emulator.clear_requests();
    assert_eq!(names(&world).await.unwrap().len(), 8);
    assert_eq!(
        world.logged(RequestKind::Read).len() + world.logged(RequestKind::ListPage).len(),
        3
    );
}

#[tokio::test]
async fn a_page_that_fails_once_is_read_again() {
    let world = World::with(Options {
        page_size: 3,
        ..Options::default()
    })
    .await;
    for index in 0..8 {
        world.run(&world.put_disk(&format!("d{index}"))).await.unwrap();
    }
    world.fault(
        FaultRule::new("GET", "**/disks", FaultAction::TruncateBody)
            .after(1)
            .times(1),
    );
    assert_eq!(names(&world).await.unwrap().len(), 8);
}

fn page(next: &str) -> FaultAction {
    let body = serde_json::json!({"value": [{"name": "d"}], "nextLink": next}).to_string();
    FaultAction::Respond(Respond {
        status: 200,
        body: Some(body),
        ..Respond::default()
    })
}

#[tokio::test]
async fn a_next_page_on_another_host_is_not_given_our_token() {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "GET",
        "**/disks",
        page("https://evil.example/next"),
    ));
    let error = names(&world).await.unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
}

#[tokio::test]
async fn a_listing_that_goes_in_circles_ends() {
    let world = World::new().await;
    let again = world.url(&format!("{}/providers/Microsoft.Compute/disks", world.group));
    world.fault(FaultRule::new("GET", "**/disks", page(again.as_str())));
    let error = names(&world).await.unwrap_err();
    assert!(error.to_string().contains("circles"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_listing_is_told_as_such() {
    let world = World::new().await;
    world.fault(FaultRule::new("GET", "**/disks", FaultAction::MalformedBody));
    assert!(matches!(
        names(&world).await.unwrap_err(),
        ArmError::Protocol { .. }
    ));
}
