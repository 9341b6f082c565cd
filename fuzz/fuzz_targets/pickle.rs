#![no_main]

langevin_fuzz::target!("pickle");
