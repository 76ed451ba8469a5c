//! The suite on the driver in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kompox_domain::model::VolumeKind;
use kompox_domain::{
    AppScope, ClusterDriver, Context, DnsDriver, IngressDriver, MountDriver, ProgressSink, ProviderDriver,
    VolumeDriver,
};
use kompox_driver_conformance::memory::MemoryHarness;
use kompox_driver_conformance::{Harness, declared_cases, run};

#[tokio::test(start_paused = true)]
async fn the_driver_in_memory_passes_every_case() {
    let harness = MemoryHarness::default();
    let report = run(&harness).await;
    report.assert_all_passed();
    report.assert_ran(&declared_cases(&*harness.driver()));
    assert_eq!(report.skipped().count(), 0, "{report}");
}

/// A driver that has a name, and no ability.
struct Bare;

impl ProviderDriver for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn volumes(&self) -> Option<Arc<dyn VolumeDriver>> {
        None
    }

    fn mounts(&self) -> Option<Arc<dyn MountDriver>> {
        None
    }

    fn clusters(&self) -> Option<Arc<dyn ClusterDriver>> {
        None
    }

    fn ingress(&self) -> Option<Arc<dyn IngressDriver>> {
        None
    }

    fn dns(&self) -> Option<Arc<dyn DnsDriver>> {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn cases_of_an_ability_that_the_driver_lacks_are_skipped_with_the_reason() {
    let harness = MemoryHarness::wrapping(|_| Arc::new(Bare));
    let report = run(&harness).await;
    report.assert_all_passed();
    let declared = declared_cases(&*harness.driver());
    report.assert_ran(&declared);
    assert!(declared.contains("name_and_abilities_are_the_same_on_every_instance"));
    assert!(!declared.contains("disk_list_of_a_new_app_is_empty"));
    assert!(report.skipped().count() > 0);
    let reason = "the driver lacks [Volumes]";
    assert!(report.skipped().all(|(_, found)| found == reason), "{report}");
}

/// A harness that cannot attach disks, and whose apps have no file share.
struct Poor(MemoryHarness);

#[async_trait]
impl Harness for Poor {
    fn driver(&self) -> Arc<dyn ProviderDriver> {
        self.0.driver()
    }

    fn context(&self, progress: Arc<dyn ProgressSink>) -> Context {
        self.0.context(progress)
    }

    async fn fresh_app(&self) -> AppScope {
        let mut scope = self.0.fresh_app().await;
        scope.app.volumes.retain(|volume| volume.kind == VolumeKind::Disk);
        scope
    }

    async fn attach(&self, _: &str) -> bool {
        false
    }

    async fn detach(&self, _: &str) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_harness_cannot_do_is_skipped_with_the_reason_and_not_as_if_it_had_run() {
    let harness = Poor(MemoryHarness::default());
    let report = run(&harness).await;
    report.assert_all_passed();
    let skipped: Vec<_> = report.skipped().collect();
    assert_eq!(
        skipped,
        [
            (
                "file_shares_are_unsupported_by_every_operation_where_they_have_no_class",
                "the harness gave an app without a volume of kind Files"
            ),
            (
                "disk_delete_refuses_an_attached_disk_and_names_the_machine",
                "the harness cannot attach disks"
            ),
        ]
    );
    let mut expected = declared_cases(&*harness.driver());
    assert_ne!(report.ran(), expected);
    let skipped: BTreeSet<_> = skipped.into_iter().map(|(name, _)| name).collect();
    expected.retain(|name| !skipped.contains(name));
    report.assert_ran(&expected);
}
