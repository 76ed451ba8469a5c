//! Asking about every cluster of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _};
use kompox_domain::model::{ClusterId, ProviderId};
use kompox_domain::{Catalog, Cluster, DriverRegistry, ProviderDriver, Result, SecretReader};

use super::CONCURRENT;
use crate::driver;

/// What became of asking about one cluster.
#[derive(Debug)]
pub struct ClusterOutcome<T> {
    /// The cluster.
    pub cluster: ClusterId,
    /// Whether somebody else made it, as the configuration says.
    pub existing: bool,
    /// The answer, or why there is none.
    pub result: Result<T>,
}

/// Asks about every cluster, some at the same time, and answers in the order of the configuration.
///
/// The driver of a provider is made once for all its clusters. What goes wrong with one cluster, or with the
/// driver of one provider, does not keep the others from being asked about.
pub(crate) async fn each<'a, T: Send + 'a>(
    catalog: &'a Catalog,
    registry: &DriverRegistry,
    secrets: &dyn SecretReader,
    ask: impl Fn(Arc<dyn ProviderDriver>, Cluster) -> BoxFuture<'a, Result<T>>,
) -> Vec<ClusterOutcome<T>> {
    let mut drivers: HashMap<&ProviderId, Arc<dyn ProviderDriver>> = HashMap::new();
    let mut asked: Vec<BoxFuture<'a, ClusterOutcome<T>>> = Vec::new();
    for cluster in catalog.clusters() {
        let provider = &cluster.id.provider;
        let driver = match drivers.get(provider) {
            Some(driver) => Ok(Arc::clone(driver)),
            // One that cannot be made is tried again for each of its clusters: each has its own error then.
            None => driver::build(catalog, registry, provider, secrets).inspect(|driver| {
                drivers.insert(provider, Arc::clone(driver));
            }),
        };
        let answer = match driver {
            Ok(driver) => ask(driver, cluster.clone()),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        let outcome = |result| ClusterOutcome {
            cluster: cluster.id.clone(),
            existing: cluster.existing,
            result,
        };
        asked.push(answer.map(outcome).boxed());
    }
    stream::iter(asked).buffered(CONCURRENT).collect().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kompox_domain::driver::{MockDriverFactory, MockProviderDriver};
    use kompox_domain::model::{AnyId, Ingress, Protection, Provider};
    use kompox_domain::secret::MockSecretReader;
    use kompox_domain::settings::Settings;

    use super::*;

    fn catalog(clusters: usize) -> Catalog {
        let Ok(AnyId::Provider(provider)) = "/ws/(nil)/prv/p".parse() else {
            panic!("not the id of a provider")
        };
        let cluster = |number: usize| Cluster {
            id: ClusterId {
                provider: provider.clone(),
                cluster: format!("c{number}").parse().unwrap(),
            },
            existing: false,
            protection: Protection::default(),
            ingress: Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap()),
            settings: Settings::default(),
        };
        let provider = Provider {
            id: provider.clone(),
            driver: "mock".to_owned(),
            settings: Settings::default(),
        };
        let clusters = (0..clusters).map(cluster).collect();
        Catalog::new(vec![], vec![provider], clusters, vec![]).unwrap()
    }

    /// Gives way to everything else once, as a request does while it is under way.
    async fn give_way() {
        let mut given = false;
        futures::future::poll_fn(|cx| {
            if std::mem::replace(&mut given, true) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn as_many_as_the_bound_are_asked_about_at_the_same_time_and_never_more() {
        let mut factory = MockDriverFactory::new();
        factory.expect_name().return_const("mock");
        factory
            .expect_build()
            .times(1)
            .returning(|_, _| Ok(Arc::new(MockProviderDriver::new())));
        let mut registry = DriverRegistry::default();
        registry.register(Arc::new(factory)).unwrap();
        let catalog = catalog(200);

        let under_way = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let ask = |_, cluster: Cluster| {
            let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
            async move {
                let now = under_way.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                give_way().await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                Ok(cluster.id)
            }
            .boxed()
        };
        let outcomes = each(&catalog, &registry, &MockSecretReader::new(), ask).await;
        assert_eq!(most.load(Ordering::Relaxed), CONCURRENT);
        let order: Vec<&ClusterId> = outcomes
            .iter()
            .map(|outcome| outcome.result.as_ref().unwrap())
            .collect();
        let configured: Vec<&ClusterId> = catalog.clusters().iter().map(|cluster| &cluster.id).collect();
        assert_eq!(order, configured);
    }
}
