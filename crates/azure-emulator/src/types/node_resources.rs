//! What AKS puts into node resource groups besides identities: scale sets, load balancers, addresses.
//!
//! They can be read, tagged and deleted. Nobody but AKS makes them here.

use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use serde_json::Value;

use super::{Accepted, ResourceType, TypeInfo, common};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;
use crate::options::Timing;

/// These types.
pub(crate) enum NodeResource {
    /// Scale sets of virtual machines: one for each pool.
    ScaleSet,
    /// The load balancer that nodes go out by.
    LoadBalancer,
    /// Its public address.
    Address,
}

const BALANCER: TypeInfo = TypeInfo {
    namespace: "Microsoft.Network",
    kind: "loadBalancers",
    versions: api_versions::NETWORKS,
    accepted: Accepted::With201,
    creating: "Updating",
    shape: OperationShape::AzureAsyncOperation,
    delete_shape: OperationShape::Both,
    status_path: "operations",
    result_path: "operationResults",
};

static BALANCERS: TypeInfo = BALANCER;

static ADDRESSES: TypeInfo = TypeInfo {
    kind: "publicIPAddresses",
    ..BALANCER
};

static SCALE_SETS: TypeInfo = TypeInfo {
    namespace: "Microsoft.Compute",
    kind: "virtualMachineScaleSets",
    versions: api_versions::SCALE_SETS,
    ..BALANCER
};

impl ResourceType for NodeResource {
    fn info(&self) -> &'static TypeInfo {
        match self {
            Self::ScaleSet => &SCALE_SETS,
            Self::LoadBalancer => &BALANCERS,
            Self::Address => &ADDRESSES,
        }
    }

    fn duration(&self, timing: &Timing) -> Duration {
        timing.cluster
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: Option<&Value>,
        _body: &Value,
    ) -> ArmResult<Value> {
        Err(ArmError::new(
            501,
            "NotImplemented",
            format!(
                "This embedded Azure has {} only as part of managed clusters.",
                self.info().full_name()
            ),
        ))
    }

    fn patch(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        common::tags_patch(existing, body)
    }
}
