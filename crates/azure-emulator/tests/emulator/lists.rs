//! Lists: pages, filters and size.

use kompox_azure_emulator::{Options, RequestKind};
use serde_json::json;

use crate::client::{Azure, DISKS, GROUPS, disk, empty_disk};

async fn all_pages(azure: &Azure, path: &str) -> (Vec<String>, usize) {
    let (mut names, mut pages) = (Vec::new(), 0);
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        let page = azure.get(&url).await.expect(200);
        names.extend(page.names().into_iter().map(str::to_owned));
        next = page.body["nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    (names, pages)
}

#[tokio::test]
async fn pages_are_full_complete_and_the_last_has_no_link() {
    let azure = Azure::start(Options {
        page_size: 10,
        ..Options::default()
    })
    .await;
    let group = azure.emulator.seed_disks(30).await.unwrap();
    let path = format!("~/resourceGroups/{group}/providers/Microsoft.Compute/disks?api-version={DISKS}");
    let (names, pages) = all_pages(&azure, &path).await;
    assert_eq!((names.len(), pages), (30, 3));
    assert_eq!(names[29], "disk-00029");
    let link = azure.get(&path).await.body["nextLink"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(link.starts_with(&format!(
        "{}/subscriptions/",
        azure.emulator.connection().arm_endpoint
    )));
    let kinds: Vec<RequestKind> = azure
        .emulator
        .requests()
        .iter()
        .map(|request| request.kind)
        .filter(|kind| *kind != RequestKind::Token)
        .collect();
    assert_eq!(
        kinds,
        [
            RequestKind::Read,
            RequestKind::ListPage,
            RequestKind::ListPage,
            RequestKind::Read
        ]
    );
    azure
        .get(&format!("{path}&$skiptoken=%21"))
        .await
        .refused(400, "InvalidSkipToken");
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_though_others_write_meanwhile() {
    let azure = Azure::start(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    let group = azure.emulator.seed_disks(5).await.unwrap();
    let path = format!("~/resourceGroups/{group}/providers/Microsoft.Compute/disks?api-version={DISKS}");
    let first = azure.get(&path).await;
    let id = azure.id(&format!(
        "resourceGroups/{group}/providers/Microsoft.Compute/disks/disk-00001"
    ));
    azure.emulator.remove_resource(&id).await.unwrap();
    let next = azure.get(first.body["nextLink"].as_str().unwrap()).await;
    assert_eq!(next.names(), ["disk-00002", "disk-00003"]);
}

#[tokio::test]
async fn a_page_of_fifty_thousand_disks_costs_what_is_on_it() {
    let azure = Azure::start(Options {
        page_size: 1000,
        ..Options::default()
    })
    .await;
    let group = azure.emulator.seed_disks(50_000).await.unwrap();
    let path = format!("~/resourceGroups/{group}/providers/Microsoft.Compute/disks?api-version={DISKS}");
    let (names, pages) = all_pages(&azure, &path).await;
    assert_eq!((names.len(), pages), (50_000, 50));
    // The last page is not slower than the first by anything like the number of pages before it.
    let times: Vec<f64> = azure
        .emulator
        .requests()
        .iter()
        .filter(|request| request.kind != RequestKind::Token)
        .map(|request| request.ended.unwrap() - request.started)
        .collect();
    let mean = |times: &[f64]| times.iter().sum::<f64>() / 10.0;
    assert!(mean(&times[40..]) < 20.0 * mean(&times[..10]) + 5.0, "{times:?}");
}

#[tokio::test]
async fn lists_are_by_group_and_by_subscription() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("rg-2").await;
    azure.disk("d1", empty_disk()).await;
    azure
        .put(
            &format!("~/resourceGroups/rg-2/providers/Microsoft.Compute/disks/d2?api-version={DISKS}"),
            empty_disk(),
        )
        .await
        .expect(202);
    let list = async |scope: &str| {
        azure
            .get(&format!(
                "~/{scope}providers/microsoft.compute/DISKS?api-version={DISKS}"
            ))
            .await
    };
    assert_eq!(list("").await.names(), ["d2", "d1"]);
    assert_eq!(list("resourceGroups/RG/").await.names(), ["d1"]);
    list("resourceGroups/gone/")
        .await
        .refused(404, "ResourceGroupNotFound");
}

#[tokio::test]
async fn resources_are_listed_in_the_short_form_with_filters_and_expansion() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "Team": "a" });
    azure.disk("d1", body).await;
    azure.disk("d2", empty_disk()).await;
    let list = async |query: &str| {
        azure
            .get(&format!("~/resources?api-version={GROUPS}{query}"))
            .await
    };
    let plain = list("").await.expect(200);
    assert_eq!(plain.names(), ["d1", "d2"]);
    assert!(plain.body["value"][0].get("properties").is_none());
    let one = list("&$filter=resourceGroup%20eq%20'RG'%20and%20resourceType%20eq%20'microsoft.compute/disks'&$expand=createdTime,changedTime,provisioningState").await;
    assert_eq!(one.names().len(), 2);
    assert_eq!(one.body["value"][0]["provisioningState"], "Succeeded");
    assert!(one.body["value"][0]["createdTime"].is_string());
    assert_eq!(
        list("&$filter=tagName%20eq%20'team'%20and%20tagValue%20eq%20'a'")
            .await
            .names(),
        ["d1"]
    );
    assert_eq!(
        list("&$filter=resourceGroup%20eq%20'other'").await.names().len(),
        0
    );
    list("&$filter=colour%20eq%20'red'")
        .await
        .refused(400, "InvalidFilterInQueryString");
    let group = azure
        .get(&format!(
            "~/resourceGroups/rg/resources?api-version={GROUPS}&$top=1"
        ))
        .await
        .expect(200);
    assert_eq!(group.names(), ["d1"]);
    assert!(group.body["nextLink"].as_str().unwrap().contains("top=1"));
}

#[tokio::test]
async fn groups_are_listed_by_tag() {
    let azure = Azure::start(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    for number in 0..5 {
        let path = format!("~/resourcegroups/g{number}?api-version={GROUPS}");
        azure
            .put(
                &path,
                json!({ "location": "japaneast", "tags": { "n": (number % 2).to_string() } }),
            )
            .await
            .expect(201);
    }
    let (names, pages) = all_pages(&azure, &format!("~/resourcegroups?api-version={GROUPS}")).await;
    assert_eq!((names.len(), pages), (5, 3));
    let filter = "&$filter=tagName%20eq%20'N'%20and%20tagValue%20eq%20'1'";
    let (names, _) = all_pages(&azure, &format!("~/resourcegroups?api-version={GROUPS}{filter}")).await;
    assert_eq!(names, ["g1", "g3"]);
}

#[tokio::test]
async fn a_resource_removed_directly_is_gone_from_lists() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let body = azure.emulator.resource(&azure.disk_id("D1")).await.unwrap();
    assert_eq!(body["name"], "d1");
    azure
        .emulator
        .remove_resource(&azure.disk_id("d1"))
        .await
        .unwrap();
    assert!(azure.emulator.resource(&azure.disk_id("d1")).await.is_none());
    azure.get(&disk("d1")).await.refused(404, "ResourceNotFound");
    azure
        .emulator
        .put_resource("nonsense", json!({}))
        .await
        .unwrap_err();
}
