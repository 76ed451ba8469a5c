//! What Traefik is told when it starts.

use kompox_domain::model::HeaderAliases;

use super::spec::{TRAEFIK, Traefik};
use super::version::Version;
use super::{vaults, workload};

/// The first version that can tell headers with aliasing names apart. It changes nothing unless it is told to.
pub(super) const HEADER_ALIASES: Version = Version::three((7, 12));

/// The resolvers there are with ACME, and whom they ask: the second for trying things out.
pub const RESOLVERS: [(&str, &str); 2] = [
    ("production", "https://acme-v02.api.letsencrypt.org/directory"),
    (
        "staging",
        "https://acme-staging-v02.api.letsencrypt.org/directory",
    ),
];

impl Traefik {
    pub(super) fn arguments(&self) -> Vec<String> {
        let fixed = [
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            "--log.level=INFO",
            "--accesslog=true",
            "--ping=true",
            "--entrypoints.traefik.address=:8080/tcp",
            "--entrypoints.web.address=:8000/tcp",
            "--entrypoints.websecure.address=:8443/tcp",
            "--entrypoints.websecure.http.tls=true",
            "--providers.kubernetesingress=true",
        ];
        let mut arguments: Vec<String> = fixed.map(str::to_owned).into();
        // A pod that stops goes on answering until the load balancer has found out.
        for entry_point in ["web", "websecure"] {
            arguments.push(format!(
                "--entrypoints.{entry_point}.transport.lifecycle.requestacceptgracetimeout={}",
                workload::LEAVING_SECONDS
            ));
        }
        if let Some(strategy) = self.alias_strategy() {
            for entry_point in ["web", "websecure"] {
                arguments.push(format!(
                    "--entrypoints.{entry_point}.http.aliasheadersstrategy={}",
                    strategy.as_str()
                ));
            }
        }
        arguments.push(format!(
            "--providers.kubernetesingress.ingressendpoint.publishedservice={}/{TRAEFIK}",
            self.namespace
        ));
        if self.custom_resources {
            arguments.push("--providers.kubernetescrd=true".to_owned());
        }
        if !self.vaults.is_empty() {
            arguments.push(format!("--providers.file.directory={}", vaults::CONFIGURATION));
            arguments.push("--providers.file.watch=true".to_owned());
        }
        self.acme_arguments(&mut arguments);
        arguments
    }

    /// A Traefik that does not know the argument does not start with it.
    fn alias_strategy(&self) -> Option<HeaderAliases> {
        let knows = self
            .image
            .version()
            .is_some_and(|version| version >= HEADER_ALIASES);
        self.header_aliases.or(knows.then_some(HeaderAliases::Delete))
    }

    fn acme_arguments(&self, arguments: &mut Vec<String>) {
        let Some(acme) = &self.acme else {
            return;
        };
        for (resolver, server) in RESOLVERS {
            let begin = format!("--certificatesresolvers.{resolver}.acme");
            arguments.extend([
                format!("{begin}.email={}", acme.email),
                format!("{begin}.caserver={server}"),
                format!("{begin}.storage={}/acme-{resolver}.json", workload::DATA),
                format!("{begin}.tlschallenge=true"),
            ]);
        }
        if let Some(resolver) = &acme.resolver {
            arguments.push(format!(
                "--entrypoints.websecure.http.tls.certresolver={resolver}"
            ));
        }
    }
}
