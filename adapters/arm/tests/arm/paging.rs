//! Listings.

use kompox_arm::{ArmError, ArmRequest, ListedResource};
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

/// The listing as a listing of resources.
async fn resources(world: &World) -> Result<Vec<String>, ArmError> {
    let mut names = Vec::new();
    let request = ArmRequest::get(world.url(&format!("{}/providers/Microsoft.Compute/disks", world.group)));
    let each = |resource: ListedResource<'_>| {
        let value: serde_json::Value = resource.read()?;
        assert_eq!(value["id"], resource.id.as_ref());
        names.push(resource.name.into_owned());
        Ok(())
    };
    world.arm.list_resources(&world.cx, request, each).await?;
    Ok(names)
}

fn body(body: &str) -> FaultAction {
    FaultAction::Respond(Respond {
        status: 200,
        body: Some(body.to_owned()),
        ..Respond::default()
    })
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
    body(&serde_json::json!({"value": [{"id": "/d", "name": "d"}], "nextLink": next}).to_string())
}

/// A world with two pages of disks.
async fn two_pages() -> World {
    let world = World::with(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    for index in 0..3 {
        world.run(&world.put_disk(&format!("d{index}"))).await.unwrap();
    }
    world
}

#[tokio::test]
async fn a_200_that_is_not_a_list_is_no_empty_list_on_no_page() {
    let world = two_pages().await;
    for answer in [
        "",
        "{}",
        "[]",
        "null",
        "7",
        r#""value""#,
        "[[]]",
        r#"[[], "https://management.azure.com/next"]"#,
        r#"{"error": {"code": "InternalServerError", "message": "Oops."}}"#,
        r#"{"value": [], "error": {"code": "InternalServerError", "message": "Oops."}}"#,
        r#"{"value": null}"#,
        r#"{"value": {}}"#,
        r#"{"value": "none"}"#,
        r#"{"values": []}"#,
        r#"{"Value": []}"#,
        r#"{"value": [], "value": []}"#,
        r#"{"value": [null]}"#,
        r#"{"value": ["d"]}"#,
        r#"{"value": [["/d", "d"]]}"#,
        r#"{"value": [], "nextLink": 7}"#,
        r#"{"value": [], "nextLink": {}}"#,
    ] {
        for page in [0, 1] {
            world.fault(FaultRule::new("GET", "**/disks", body(answer)).after(page));
            let error = names(&world).await.expect_err(answer);
            assert!(matches!(error, ArmError::Protocol { .. }), "{answer}: {error}");
        }
    }
    world.fault(FaultRule::new(
        "GET",
        "**/disks",
        body(r#" {"value": [], "nextLink": null, "error": null}"#),
    ));
    assert!(names(&world).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_resource_of_a_listing_has_an_id_and_a_name() {
    let world = two_pages().await;
    for element in [
        "{}",
        r#"{"id": "/d"}"#,
        r#"{"name": "d"}"#,
        r#"{"id": "", "name": "d"}"#,
        r#"{"id": "/d", "name": ""}"#,
        r#"{"id": null, "name": "d"}"#,
        r#"{"id": "/d", "name": 7}"#,
        r#"{"ID": "/d", "name": "d"}"#,
    ] {
        for page in [0, 1] {
            let answer = format!(r#"{{"value": [{{"id": "/good", "name": "good"}}, {element}]}}"#);
            world.fault(FaultRule::new("GET", "**/disks", body(&answer)).after(page));
            let error = resources(&world).await.expect_err(element);
            assert!(matches!(error, ArmError::Protocol { .. }), "{element}: {error}");
        }
    }
}

#[tokio::test]
async fn the_same_resource_on_two_pages_is_one() {
    let world = two_pages().await;
    let again = world.disk_id("D0");
    let last = serde_json::json!({"value": [
        {"id": again, "name": "D0"},
        {"id": world.disk_id("other"), "name": "other"},
        {"id": world.disk_id("other"), "name": "other"},
    ]});
    world.fault(FaultRule::new("GET", "**/disks", body(&last.to_string())).after(1));
    assert_eq!(resources(&world).await.unwrap(), ["d0", "d1", "other"]);
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
