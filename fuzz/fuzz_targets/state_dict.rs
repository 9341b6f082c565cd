#![no_main]

langevin_fuzz::target!("state_dict");
