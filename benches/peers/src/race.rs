//! The clock.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How time is taken, and how long a race lasts.
pub struct Limits {
    /// The clock that times are taken with.
    pub clock: ClockId,
    /// A contestant that has used this much time starts no further pass.
    pub budget: Duration,
    /// Nor does one that has made so many passes.
    pub rounds: u32,
    /// Rest before each pass. The threads of a pool keep turning for a while after their work; without a rest they would
    /// take the processor from whoever comes next.
    pub pause: Duration,
}

/// The shortest time of each contestant's pass, in seconds. They take turns, so that a disturbance of the machine meets
/// all of them, and the first pass of each, into cold memory, is only one of many.
pub fn best_times(contestants: &mut [impl FnMut()], limits: &Limits) -> Vec<f64> {
    let mut best = vec![Duration::MAX; contestants.len()];
    let mut used = vec![Duration::ZERO; contestants.len()];
    for round in 0..limits.rounds.max(1) {
        let mut raced = false;
        for (i, pass) in contestants.iter_mut().enumerate() {
            if round > 0 && used[i] >= limits.budget {
                continue;
            }
            std::thread::sleep(limits.pause);
            let start = read(limits.clock);
            pass();
            let time = read(limits.clock) - start;
            best[i] = best[i].min(time);
            used[i] += time;
            raced = true;
        }
        if !raced {
            break;
        }
    }
    best.iter().map(Duration::as_secs_f64).collect()
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
