//! Whether a name can be resolved from here.

use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

/// How long the system may take. Resolvers give up on their own after some seconds for each server.
const PATIENCE: Duration = Duration::from_secs(10);

/// A port: resolves names.
#[async_trait]
pub trait Resolver: Debug + Send + Sync {
    /// The addresses of a name.
    ///
    /// # Errors
    /// When it has none, or when nobody answers.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let lookup = tokio::net::lookup_host((host, 443));
        let found = tokio::time::timeout(PATIENCE, lookup)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no name server answered"))??;
        let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_and_a_name_that_cannot_be_is_an_error() {
        let found = SystemResolver.resolve("127.0.0.1").await.unwrap();
        assert_eq!(found, [IpAddr::from([127, 0, 0, 1])]);
        assert!(SystemResolver.resolve("a..b").await.is_err());
    }
}
