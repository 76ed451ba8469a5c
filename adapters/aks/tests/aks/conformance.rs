//! The suite that every driver must pass.

use std::sync::Arc;

use async_trait::async_trait;
use kompox_azure_emulator::{Emulator, Options};
use kompox_domain::ids::{SystemUlids, UlidSource};
use kompox_domain::{AppScope, Context, ProgressSink, ProviderDriver};
use kompox_driver_conformance::{Harness, declared_cases, run};

use crate::support::{app, driver, unique};

struct AksHarness {
    emulator: Emulator,
    ulids: Arc<SystemUlids>,
}

#[async_trait]
impl Harness for AksHarness {
    fn driver(&self) -> Arc<dyn ProviderDriver> {
        driver(&self.emulator, &app("any", "rg-any"), &[]).unwrap()
    }

    fn context(&self, progress: Arc<dyn ProgressSink>) -> Context {
        let ulids: Arc<dyn UlidSource> = Arc::clone(&self.ulids) as _;
        Context::new(progress, ulids)
    }

    async fn fresh_app(&self) -> AppScope {
        let number = unique();
        app(&format!("app{number}"), &format!("rg-app{number}"))
    }

    async fn attach(&self, handle: &str) -> bool {
        let machine = "/subscriptions/s/resourceGroups/mc/providers/Microsoft.Compute/virtualMachines/vm1";
        self.emulator.attach_disk(handle, machine).await.is_ok()
    }

    async fn detach(&self, handle: &str) -> bool {
        self.emulator.detach_disk(handle).await.is_ok()
    }
}

#[tokio::test]
async fn the_driver_keeps_the_contract_of_the_port() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let harness = AksHarness {
        emulator,
        ulids: Arc::default(),
    };
    let report = run(&harness).await;
    report.assert_all_passed();
    report.assert_ran(&declared_cases(&*harness.driver()));
}
