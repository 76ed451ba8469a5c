//! Traefik itself: its pods, what they may do, and where its own certificates are kept.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PodSecurityContext, PodSpec,
    PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, TopologySpreadConstraint,
    Volume, VolumeMount as Mount, VolumeResourceRequirements,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::spec::{TRAEFIK, Traefik, USER};
use crate::labels;

/// Where certificates from ACME are kept.
pub(super) const DATA: &str = "/data";
/// How long a pod that stops goes on taking requests: the load balancer asks every five seconds, and believes the
/// second answer.
pub(super) const LEAVING_SECONDS: u32 = 20;
/// Until a pod that stops is made to: the time above, ten seconds for requests under way, and some to spare.
const GRACE_SECONDS: i64 = 60;
/// Until a rollout counts as stuck. Pulling an image and attaching a disk take minutes on a bad day.
const PROGRESS_SECONDS: i32 = 600;

impl Traefik {
    /// Where certificates from ACME are kept, over uninstalling and installing again.
    pub(super) fn claim(&self) -> Option<PersistentVolumeClaim> {
        self.acme.as_ref()?;
        Some(PersistentVolumeClaim {
            metadata: self.metadata(TRAEFIK, "certificates"),
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
                resources: Some(VolumeResourceRequirements {
                    limits: None,
                    requests: Some(quantities(&[("storage", "1Gi")])),
                }),
                ..PersistentVolumeClaimSpec::default()
            }),
            status: None,
        })
    }

    /// One pod at a time may be taken away for the sake of its node.
    pub(super) fn disruption_budget(&self) -> Option<PodDisruptionBudget> {
        (self.pods() > 1).then(|| PodDisruptionBudget {
            metadata: self.metadata(TRAEFIK, "pods"),
            spec: Some(PodDisruptionBudgetSpec {
                max_unavailable: Some(IntOrString::Int(1)),
                selector: Some(self.label_selector()),
                // A pod that does not work keeps no node from being drained.
                unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
                ..PodDisruptionBudgetSpec::default()
            }),
            status: None,
        })
    }

    pub(super) fn deployment(&self) -> Deployment {
        let metadata = self.metadata(TRAEFIK, "pods");
        let mut pod_labels = metadata.labels.clone().unwrap_or_default();
        pod_labels.extend(self.pod_labels.clone());
        Deployment {
            metadata,
            spec: DeploymentSpec {
                progress_deadline_seconds: Some(PROGRESS_SECONDS),
                replicas: Some(i32::try_from(self.pods()).unwrap_or(i32::MAX)),
                selector: self.label_selector(),
                strategy: Some(self.strategy()),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta {
                        annotations: self
                            .certificates()
                            .map(|hash| BTreeMap::from([(labels::CERTIFICATES.to_owned(), hash)])),
                        labels: Some(pod_labels),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.pod()),
                },
                ..DeploymentSpec::default()
            },
            status: None,
        }
    }

    fn label_selector(&self) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.selector()),
            match_expressions: None,
        }
    }

    fn strategy(&self) -> DeploymentStrategy {
        if self.acme.is_some() {
            // The disk is attached to one node, and the file on it has one writer.
            return DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                rolling_update: None,
            };
        }
        DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: Some(IntOrString::Int(1)),
                max_unavailable: Some(IntOrString::Int(0)),
            }),
        }
    }

    fn pod(&self) -> PodSpec {
        let (volumes, mounts): (Vec<_>, Vec<_>) = self.volumes().into_iter().unzip();
        PodSpec {
            automount_service_account_token: Some(true),
            containers: vec![self.container(mounts)],
            security_context: Some(PodSecurityContext {
                // Only who owns the group can write to a new disk. And only then: files whose modes are widened
                // each time are none that Traefik would keep keys in.
                fs_group: self.acme.as_ref().map(|_| USER),
                fs_group_change_policy: self.acme.as_ref().map(|_| "OnRootMismatch".to_owned()),
                run_as_group: Some(USER),
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PodSecurityContext::default()
            }),
            service_account_name: Some(self.service_account.clone()),
            termination_grace_period_seconds: Some(GRACE_SECONDS),
            topology_spread_constraints: (self.pods() > 1).then(|| {
                // With `externalTrafficPolicy: Local` a node without a pod takes no requests.
                ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
                    .map(|key| self.spread(key))
                    .into()
            }),
            volumes: Some(volumes),
            ..PodSpec::default()
        }
    }

    fn spread(&self, key: &str) -> TopologySpreadConstraint {
        TopologySpreadConstraint {
            label_selector: Some(self.label_selector()),
            // Pods of the version before do not count.
            match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
            max_skew: 1,
            topology_key: key.to_owned(),
            when_unsatisfiable: "ScheduleAnyway".to_owned(),
            ..TopologySpreadConstraint::default()
        }
    }

    fn volumes(&self) -> Vec<(Volume, Mount)> {
        let mut volumes = vec![(
            Volume {
                name: "tmp".to_owned(),
                empty_dir: Some(EmptyDirVolumeSource::default()),
                ..Volume::default()
            },
            mount("tmp", "/tmp"),
        )];
        if self.acme.is_some() {
            let volume = Volume {
                name: "data".to_owned(),
                persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                    claim_name: TRAEFIK.to_owned(),
                    read_only: None,
                }),
                ..Volume::default()
            };
            volumes.push((volume, mount("data", DATA)));
        }
        volumes.extend(self.certificate_volumes());
        volumes
    }

    fn container(&self, mounts: Vec<Mount>) -> Container {
        Container {
            name: TRAEFIK.to_owned(),
            image: Some(self.image.reference()),
            image_pull_policy: Some("IfNotPresent".to_owned()),
            args: Some(self.arguments()),
            ports: Some(vec![
                port("web", 8000),
                port("websecure", 8443),
                port(TRAEFIK, 8080),
            ]),
            liveness_probe: Some(ping(3)),
            readiness_probe: Some(ping(1)),
            resources: Some(ResourceRequirements {
                // No limit of the processor: it would slow down whatever is behind.
                limits: Some(quantities(&[("memory", "512Mi")])),
                requests: Some(quantities(&[("cpu", "100m"), ("memory", "128Mi")])),
                claims: None,
            }),
            security_context: Some(SecurityContext {
                allow_privilege_escalation: Some(false),
                capabilities: Some(Capabilities {
                    add: None,
                    drop: Some(vec!["ALL".to_owned()]),
                }),
                read_only_root_filesystem: Some(true),
                ..SecurityContext::default()
            }),
            volume_mounts: Some(mounts),
            ..Container::default()
        }
    }
}

fn mount(name: &str, path: &str) -> Mount {
    Mount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..Mount::default()
    }
}

fn port(name: &str, port: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn ping(failures: i32) -> Probe {
    Probe {
        failure_threshold: Some(failures),
        http_get: Some(HTTPGetAction {
            path: Some("/ping".to_owned()),
            port: IntOrString::String(TRAEFIK.to_owned()),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        initial_delay_seconds: Some(2),
        period_seconds: Some(10),
        success_threshold: Some(1),
        timeout_seconds: Some(2),
        ..Probe::default()
    }
}

fn quantities(list: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    list.iter()
        .map(|(name, quantity)| ((*name).to_owned(), Quantity((*quantity).to_owned())))
        .collect()
}
