//! `Microsoft.ContainerService/managedClusters/maintenanceConfigurations`: when AKS may change a cluster by itself.

use kompox_emulator_core::json::{fields, timestamp};
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Time};

use super::desired::unknown_field;
use super::refusal;
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;
use crate::types::{ResourceType, TypeInfo, common};

/// The type.
pub(crate) struct MaintenanceConfigurations;

static INFO: TypeInfo = TypeInfo::synchronous(
    "Microsoft.ContainerService",
    "managedClusters/maintenanceConfigurations",
    api_versions::MAINTENANCE_CONFIGURATIONS,
);

/// For AKS's own releases.
const RELEASES: &str = "default";
/// For these and for what the channels of a cluster bring.
const NAMES: &[&str] = &[
    RELEASES,
    "aksManagedAutoUpgradeSchedule",
    "aksManagedNodeOSUpgradeSchedule",
];
const DAYS: &[&str] = &[
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const WEEKS: &[&str] = &["First", "Second", "Third", "Fourth", "Last"];
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");

impl ResourceType for MaintenanceConfigurations {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        _existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        if !NAMES.contains(&id.name()) {
            return Err(refusal(
                400,
                "InvalidParameter",
                "Only 'default', 'aksManagedAutoUpgradeSchedule' and 'aksManagedNodeOSUpgradeSchedule' are allowed \
                 configNames for maintenance configuration.",
            ));
        }
        let mut properties = common::properties(body)?;
        only(
            &properties,
            &["maintenanceWindow", "notAllowedTime", "timeInWeek"],
        )?;
        let slots = properties.contains_key("timeInWeek") || properties.contains_key("notAllowedTime");
        match properties.get_mut("maintenanceWindow") {
            Some(window) if !slots => {
                window_of(id.name(), window)?;
                // A PUT says all of it: without a date the window counts from the day on which it is sent.
                let today = timestamp(cx.now)
                    .chars()
                    .take("2026-11-30".len())
                    .collect::<String>();
                fields(window).entry("startDate").or_insert_with(|| today.into());
            }
            Some(_) => {
                return Err(invalid(
                    "maintenanceWindow",
                    "maintenanceWindow goes neither with timeInWeek nor with notAllowedTime.",
                ));
            }
            None if id.name() == RELEASES && slots => {}
            None => {
                return Err(invalid(
                    "maintenanceWindow",
                    format!(
                        "maintenanceWindow is required for maintenance configuration: {}.",
                        id.name()
                    ),
                ));
            }
        }
        Ok(json!({ "properties": properties }))
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: &Value,
        _body: &Value,
    ) -> ArmResult<Value> {
        Err(ArmError::method(&cx.request.method))
    }
}

fn invalid(target: &str, message: impl Into<String>) -> Box<ArmError> {
    ArmError::invalid_parameter(target, message).bare()
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> ArmResult<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(unknown_field(name)),
    }
}

fn window_of(name: &str, window: &mut Value) -> ArmResult<()> {
    let Some(fields) = window.as_object_mut() else {
        return Err(ArmError::content("'maintenanceWindow' must be an object"));
    };
    only(
        fields,
        &[
            "durationHours",
            "notAllowedDates",
            "schedule",
            "startDate",
            "startTime",
            "utcOffset",
        ],
    )?;
    let hours = common::integer(fields, "durationHours")?;
    if !hours.is_some_and(|hours| (4..=24).contains(&hours)) {
        return Err(invalid(
            "maintenanceWindow.durationHours",
            "durationHours of a maintenance window must be from 4 to 24.",
        ));
    }
    let start = common::string(fields, "startTime")?.unwrap_or_default();
    if Time::parse(start, TIME).is_err() {
        return Err(invalid(
            "maintenanceWindow.startTime",
            format!("startTime '{start}' must be from '00:00' to '23:59'."),
        ));
    }
    let offset = common::string(fields, "utcOffset")?
        .unwrap_or("+00:00")
        .to_owned();
    let clock = offset.strip_prefix(['+', '-']).unwrap_or_default();
    if Time::parse(clock, TIME).is_err() {
        return Err(invalid(
            "maintenanceWindow.utcOffset",
            format!("utcOffset '{offset}' must be in the format +/-HH:mm."),
        ));
    }
    fields.insert("utcOffset".to_owned(), offset.into());
    if let Some(date) = common::string(fields, "startDate")? {
        check_date("maintenanceWindow.startDate", date)?;
    }
    for span in fields
        .get("notAllowedDates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        for end in ["start", "end"] {
            check_date(
                "maintenanceWindow.notAllowedDates",
                span[end].as_str().unwrap_or_default(),
            )?;
        }
    }
    let schedule = common::object_member(window, "schedule")?
        .cloned()
        .unwrap_or_default();
    check_schedule(name, &schedule)
}

fn check_date(target: &str, date: &str) -> ArmResult<()> {
    match Date::parse(date, DATE) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(target, format!("'{date}' is not a date: yyyy-MM-dd."))),
    }
}

fn check_schedule(name: &str, schedule: &Map<String, Value>) -> ArmResult<()> {
    const TARGET: &str = "maintenanceWindow.schedule";
    let mut kinds = schedule.iter();
    let (Some((kind, recurrence)), None) = (kinds.next(), kinds.next()) else {
        return Err(invalid(
            TARGET,
            "A maintenance window has exactly one of the schedules daily, weekly, absoluteMonthly and relativeMonthly.",
        ));
    };
    let Some(recurrence) = recurrence.as_object() else {
        return Err(ArmError::content(&format!("'{kind}' must be an object")));
    };
    if name == RELEASES && kind != "weekly" {
        return Err(invalid(
            TARGET,
            "Only weekly schedule is supported for control plane upgrade maintenance configuration: default.",
        ));
    }
    let weeks = if name == RELEASES { 1 } else { 4 };
    let numbers: &[(&str, i64)] = match kind.as_str() {
        "daily" => &[("intervalDays", 7)],
        "weekly" => &[("intervalWeeks", weeks)],
        "absoluteMonthly" => &[("intervalMonths", 6), ("dayOfMonth", 31)],
        "relativeMonthly" => &[("intervalMonths", 6)],
        other => return Err(unknown_field(other)),
    };
    let words: &[(&str, &[&str])] = match kind.as_str() {
        "weekly" => &[("dayOfWeek", DAYS)],
        "relativeMonthly" => &[("dayOfWeek", DAYS), ("weekIndex", WEEKS)],
        _ => &[],
    };
    let known: Vec<&str> = numbers
        .iter()
        .map(|(name, _)| *name)
        .chain(words.iter().map(|(name, _)| *name))
        .collect();
    only(recurrence, &known)?;
    for (name, most) in numbers {
        let value = common::integer(recurrence, name)?;
        if !value.is_some_and(|value| (1..=*most).contains(&value)) {
            return Err(invalid(
                TARGET,
                format!("{name} of a {kind} schedule must be from 1 to {most}."),
            ));
        }
    }
    for (name, words) in words {
        let value = common::string(recurrence, name)?.unwrap_or_default();
        if !words.contains(&value) {
            return Err(invalid(
                TARGET,
                format!("{name} '{value}' must be one of {}.", words.join(", ")),
            ));
        }
    }
    Ok(())
}
