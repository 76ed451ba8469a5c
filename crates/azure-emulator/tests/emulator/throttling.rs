//! Token buckets, where they are asked for.

use kompox_azure_emulator::{Options, Throttling};

use crate::client::{Azure, cluster, group};

#[tokio::test]
async fn whoever_asks_too_much_waits_and_what_is_left_is_told() {
    let options = Options {
        throttling: Some(Throttling::documented()),
        ..Options::default()
    };
    let azure = Azure::with_group(options).await;
    let left = |answer: &crate::client::Answer, what: &str| -> u32 {
        let header = format!("x-ms-ratelimit-remaining-subscription-{what}");
        answer.header(&header).unwrap().parse().unwrap()
    };
    let first = azure.get(&group("rg")).await.expect(200);
    assert_eq!((left(&first, "reads"), left(&first, "global-reads")), (249, 3749));
    let deleted = azure.delete(&group("none")).await;
    assert_eq!(left(&deleted, "deletes"), 199);
    // 60 and one with each second that this takes.
    let throttled = async {
        for _ in 0..1_000 {
            let answer = azure.get(&cluster("none")).await;
            if answer.status == 429 {
                return answer;
            }
        }
        panic!("nothing was throttled");
    };
    let throttled = throttled.await.refused(429, "Throttled");
    assert_eq!(throttled.header("retry-after"), Some("1"));
    assert!(throttled.message().contains("aka.ms/aks/throttling"));
    azure.get(&group("rg")).await.expect(200);
    azure.emulator.set_throttling(None);
    azure.get(&cluster("none")).await.expect(404);
}

#[tokio::test]
async fn nobody_is_throttled_unless_it_is_asked_for() {
    let azure = Azure::with_group(Options::default()).await;
    for _ in 0..300 {
        azure.get(&group("rg")).await.expect(200);
    }
}
