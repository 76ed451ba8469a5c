//! A Traefik as it runs: what its Deployment says, whoever made it so.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;
use kompox_domain::Context;

use super::advisories::{Exposure, Part};
use super::spec::TRAEFIK;
use super::version::Version;
use crate::client::{KubeClient, KubeError};
use crate::object::condition;

/// What the Deployment of a Traefik tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Whether it is available.
    pub available: bool,
    /// What is known of the version that runs. None: nothing, or the image does not tell its version.
    pub exposure: Option<Exposure>,
}

impl Running {
    /// Reads its Deployment.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        let available = condition(deployment, "Available", "True").is_some();
        let container = containers(deployment).find(|container| container.name == TRAEFIK);
        let image = container.and_then(|container| container.image.as_deref());
        let version = image.and_then(Version::of_image);
        Self {
            available,
            exposure: version.and_then(|version| Exposure::of(version, |part| uses(deployment, part))),
        }
    }
}

impl KubeClient {
    /// The Deployment of an ingress as it runs; none where there is no such Deployment.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn running(
        &self,
        cx: &Context,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Running>, KubeError> {
        let found = self.read_as::<Deployment>(cx, Some(namespace), name).await?;
        Ok(found.as_ref().map(Running::of))
    }
}

fn uses(deployment: &Deployment, part: Part) -> bool {
    match part {
        Part::Always => true,
        Part::CustomResources => serves(Some(deployment), "kubernetescrd"),
        Part::Gateway => serves(Some(deployment), "kubernetesgateway"),
        Part::IngressNginx => serves(Some(deployment), "kubernetesingressnginx"),
        Part::Acme => arguments(deployment).any(|argument| argument.starts_with("--certificatesresolvers.")),
        Part::Http3 => arguments(deployment)
            .any(|argument| argument.starts_with("--entrypoints.") && argument.contains(".http3")),
        Part::Never => false,
    }
}

/// Whether a Traefik was told to serve what this provider of its reads: what runs counts, not what a configuration asks
/// for by now.
pub(crate) fn serves(deployment: Option<&Deployment>, provider: &str) -> bool {
    deployment.into_iter().flat_map(arguments).any(|argument| {
        let rest = argument
            .strip_prefix("--providers.")
            .and_then(|rest| rest.strip_prefix(provider));
        matches!(rest, Some("" | "=true"))
    })
}

fn containers(deployment: &Deployment) -> impl Iterator<Item = &Container> {
    let pod = deployment.spec.template.spec.as_ref();
    pod.into_iter().flat_map(|pod| &pod.containers)
}

fn arguments(deployment: &Deployment) -> impl Iterator<Item = &str> {
    containers(deployment)
        .flat_map(|container| container.args.iter().flatten())
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(image: &str, arguments: &[&str]) -> Deployment {
        let deployment = json!({
            "spec": { "template": { "spec": { "containers": [
                { "name": "sidecar", "image": "example.com/traefik:v3.0.0" },
                { "name": "traefik", "image": image, "args": arguments },
            ] } } },
            "status": { "conditions": [{ "type": "Available", "status": "True" }] },
        });
        serde_json::from_value(deployment).unwrap()
    }

    #[test]
    fn what_runs_is_judged_by_its_own_image_and_arguments() {
        let of = |image: &str, arguments: &[&str]| Running::of(&deployment(image, arguments));
        let plain = of(
            "docker.io/traefik:v3.7.12",
            &["--providers.kubernetesingress=true"],
        );
        assert!(plain.available);
        let plain = plain.exposure.unwrap();
        assert_eq!((plain.used.len(), plain.unused), (3, 2));
        let more = ["--providers.kubernetescrd", "--entrypoints.websecure.http3=true"];
        let more = of("docker.io/traefik:v3.7.12@sha256:00", &more).exposure.unwrap();
        assert_eq!((more.used.len(), more.unused), (5, 0));
        let off = of("docker.io/traefik:v3.7.12", &["--providers.kubernetescrd=false"]);
        assert_eq!(off.exposure.unwrap().used.len(), 3);
    }

    #[test]
    fn an_image_without_a_version_and_one_without_advisories_say_nothing() {
        for image in [
            super::super::Image::default().reference().as_str(),
            "traefik:latest",
            "traefik",
        ] {
            assert_eq!(Running::of(&deployment(image, &[])).exposure, None, "{image}");
        }
        let nothing = Running::of(&Deployment::default());
        assert_eq!((nothing.available, nothing.exposure), (false, None));
    }
}
