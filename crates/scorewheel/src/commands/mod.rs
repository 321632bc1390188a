//! The commands, one file each: its arguments, and what it does.

pub mod completions;
pub mod config;
pub mod consume;
pub mod demo;
pub mod inspect;
pub mod man;
pub mod models;
pub mod produce;
pub mod publish;
pub mod readiness;
pub mod reset;
pub mod run;
pub mod score;
pub mod status;
pub mod topology;
