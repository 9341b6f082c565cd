//! The pages of `langevin serve`, driven in a real browser: Chromium by ChromeDriver, against a real server and real models.

#![forbid(unsafe_code)]

pub mod driver;
pub mod page;
pub mod program;

pub use page::Page;
pub use program::{Served, program, train};
