//! A cluster that several people look after, whose clocks are an hour apart, and whose stack somebody lost.

use futures::future::join;
use kompox_azure_emulator::Options;
use kompox_domain::ErrorKind;
use kompox_tests::crash_points::{Cloud, Estate, Ground as _, Operation as _, Watching as _};

use kompox_tests::operations::building::{Building, deprovision, provision};

const HOUR: u64 = 3600;

async fn with_strangers(cloud: &Cloud) -> Estate<'_> {
    let estate = Estate::new(cloud);
    estate.put_strangers().await;
    estate
}

#[tokio::test]
async fn of_two_who_provision_at_once_with_clocks_an_hour_apart_both_succeed_and_there_is_one_cluster() {
    let cloud = Cloud::start(Options::default()).await;
    let (one, other) = (cloud.operator(), cloud.operator_late_by(HOUR));
    let estate = with_strangers(&cloud).await;
    let watch = estate.watch(true).await;
    let (first, second) = join(provision(&estate, &one), provision(&estate, &other)).await;
    first.unwrap();
    second.unwrap();
    let building = Building::provision();
    // Whose clock is behind finds nothing to do, and so does whose clock is right.
    for reader in [&one, &other] {
        building.ended(&estate, reader).await.unwrap();
    }
    watch.verdict().unwrap();
}

#[tokio::test]
async fn of_two_who_deprovision_at_once_with_clocks_an_hour_apart_both_succeed_and_strangers_keep_what_is_theirs()
 {
    let cloud = Cloud::start(Options::default()).await;
    let (one, other) = (cloud.operator(), cloud.operator_late_by(HOUR));
    let estate = with_strangers(&cloud).await;
    provision(&estate, &other).await.unwrap();
    let watch = estate.watch(false).await;
    let (first, second) = join(deprovision(&estate, &one), deprovision(&estate, &other)).await;
    first.unwrap();
    second.unwrap();
    watch.verdict().unwrap();
    Building::deprovision().ended(&estate, &one).await.unwrap();
}

#[tokio::test]
async fn a_cluster_whose_stack_was_lost_is_not_deleted_until_provisioning_has_made_the_stack_again() {
    let cloud = Cloud::start(Options::default()).await;
    let operator = cloud.operator();
    let estate = with_strangers(&cloud).await;
    provision(&estate, &operator).await.unwrap();
    cloud.emulator.remove_resource(&estate.stack()).await.unwrap();
    let before = estate.likeness().await;
    let refused = deprovision(&estate, &operator).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition);
    assert!(
        refused.to_string().contains("there is no Deployment Stack"),
        "{refused}"
    );
    assert!(kompox_domain::hint::in_words(refused.hints()).contains("cluster provision"));
    before.compare(&estate.likeness().await).unwrap();

    provision(&estate, &operator).await.unwrap();
    deprovision(&estate, &operator).await.unwrap();
    Building::deprovision().ended(&estate, &operator).await.unwrap();
}
