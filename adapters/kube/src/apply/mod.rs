//! Objects as they are, held against objects as they should be.

mod classify;
mod delete;
mod diff;
mod patience;
mod settle;
mod write;

pub(crate) use self::classify::{BY_HELM, ObservedObject, State, observe, other_owner};
pub(crate) use self::delete::{delete, wait_until_gone};
pub(crate) use self::diff::first_difference;
pub(crate) use self::patience::{AT_ONCE, Patience};
pub(crate) use self::settle::settled;
pub(crate) use self::write::write;
