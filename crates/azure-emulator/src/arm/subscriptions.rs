//! The one tenant, its one subscription, and the regions.

use http::Method;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::providers::REGIONS;
use crate::context::Cx;
use crate::reply::Reply;

/// `GET /tenants`.
pub(crate) fn tenants(cx: &Cx<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let tenant = &cx.world.identity.tenant_id;
    Ok(page(&json!([{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "countryCode": "JP",
        "displayName": "Kompox emulator",
        "defaultDomain": "kompox-emulator.example",
        "domains": ["kompox-emulator.example"],
        "tenantCategory": "Home",
        "tenantType": "AAD"
    }])))
}

/// `GET /subscriptions`.
pub(crate) fn list(cx: &Cx<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let mut body = json!({ "value": [document(cx)] });
    body["count"] = json!({ "type": "Total", "value": 1 });
    Ok(Reply::json(200, &body))
}

/// `GET /subscriptions/{id}`.
pub(crate) fn get(cx: &Cx<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    cx.authorize("Microsoft.Resources/subscriptions/read", &scope(cx))?;
    Ok(Reply::json(200, &document(cx)))
}

/// Refuses any subscription but the one there is.
pub(crate) fn check(cx: &Cx<'_>, subscription: &str) -> ArmResult<()> {
    if subscription.eq_ignore_ascii_case(cx.subscription()) {
        return Ok(());
    }
    if uuid::Uuid::try_parse(subscription).is_err() {
        return Err(ArmError::new(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{subscription}' is malformed or invalid."),
        ));
    }
    Err(ArmError::new(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{subscription}' could not be found."),
    ))
}

/// `GET /subscriptions/{id}/locations`.
pub(crate) fn locations(cx: &Cx<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let scope = scope(cx);
    cx.authorize("Microsoft.Resources/subscriptions/locations/read", &scope)?;
    let regions = REGIONS.iter().map(|region| {
        let zones = region.zones.then(|| {
            ["1", "2", "3"].map(
                |zone| json!({ "logicalZone": zone, "physicalZone": format!("{}-az{zone}", region.name) }),
            )
        });
        json!({
            "id": format!("{scope}/locations/{}", region.name),
            "name": region.name,
            "type": "Region",
            "displayName": region.display_name,
            "regionalDisplayName": region.display_name,
            "metadata": {
                "regionType": "Physical",
                "regionCategory": "Recommended",
                "geographyGroup": region.geography
            },
            "availabilityZoneMappings": zones
        })
    });
    Ok(page(&regions.collect()))
}

fn scope(cx: &Cx<'_>) -> String {
    ResourceId::of_subscription(cx.subscription()).to_string()
}

fn document(cx: &Cx<'_>) -> Value {
    let id = scope(cx);
    let tags = super::tags::current(cx.state, &id.to_lowercase());
    json!({
        "id": id,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "tags": tags,
        "subscriptionId": cx.subscription(),
        "tenantId": cx.world.identity.tenant_id,
        "displayName": "Kompox emulator",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off"
        }
    })
}

fn page(value: &Value) -> Reply {
    Reply::json(200, &json!({ "value": value }))
}

fn only_get(cx: &Cx<'_>) -> ArmResult<()> {
    if cx.request.method == Method::GET {
        Ok(())
    } else {
        Err(ArmError::method(&cx.request.method))
    }
}
