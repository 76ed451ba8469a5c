//! What a test of a driver provides.

use std::sync::Arc;

use async_trait::async_trait;
use kompox_domain::{AppScope, Context, ProgressSink, ProviderDriver};

/// The world a driver is tested in.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A new driver on the world that all drivers of this harness share, as another process would make one.
    fn driver(&self) -> Arc<dyn ProviderDriver>;

    /// A context without a deadline that tells `progress` what happens. Its ULIDs grow over all contexts of the
    /// harness.
    fn context(&self, progress: Arc<dyn ProgressSink>) -> Context;

    /// An app for which nothing exists yet, different from all before and in the same world.
    ///
    /// It has a cluster, at least two volumes of kind `Disk` that need neither zone nor options to be given, and, if
    /// there is to be one, a volume of kind `Files`. The names of the volumes are those of the app before.
    async fn fresh_app(&self) -> AppScope;

    /// Attaches a disk, by its handle, to some machine. Answers whether the harness can do that.
    async fn attach(&self, handle: &str) -> bool;

    /// Detaches a disk, by its handle. Answers whether the harness can do that.
    async fn detach(&self, handle: &str) -> bool;
}
