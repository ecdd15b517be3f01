//! The cost of a call in a large world beside that in a small one.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is measured: makes one call in a world and says how long it took.
pub type Measure<W> = fn(&W) -> Duration;

/// How long a call takes, its result dropped.
pub fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    black_box(call());
    begin.elapsed()
}

/// Prints what each call costs in both worlds, and the ratio. Calls alternate between the two, so that a machine which is busy now
/// and then does not favour one of them; the median of `calls` counts.
#[allow(clippy::print_stdout, reason = "it is what the benchmark is run for")]
pub fn print_ratios<W>(names: [&str; 2], worlds: [&W; 2], measures: &[(&str, Measure<W>)], calls: usize) {
    println!("{:<28} {:>15} {:>15} {:>7}", "median call", names[0], names[1], "ratio");
    for (name, measure) in measures {
        let mut samples: [Vec<Duration>; 2] = Default::default();
        for _ in 0..calls {
            for (samples, world) in samples.iter_mut().zip(worlds) {
                samples.push(measure(world));
            }
        }
        let [small, large] = samples.map(|mut samples| {
            samples.sort();
            samples[calls / 2].as_nanos()
        });
        println!("{name:<28} {small:>12} ns {large:>12} ns {:>7.2}", large as f64 / small as f64);
    }
}
