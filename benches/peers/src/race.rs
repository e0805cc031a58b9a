//! The clock, and whose turn it is.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How time is taken, and how long a race lasts.
pub struct Limits {
    /// The clock that times are taken with.
    pub clock: ClockId,
    /// Once all together have used this much time for each of them, no further round starts.
    pub budget: Duration,
    /// Nor does one after so many.
    pub rounds: usize,
    /// Rest before each pass. The threads of a pool keep turning for a while after their work; without a rest they would
    /// take the processor from whoever comes next.
    pub pause: Duration,
}

/// Rounds that are run whatever the budget; fewer if a pass takes longer than [`LONG`].
const LEAST_ROUNDS: (usize, usize) = (5, 3);
const LONG: Duration = Duration::from_secs(1);

/// The shortest time of each contestant's pass, in seconds. Every round has one pass of each, so that all get the same
/// number of tries, a disturbance of the machine meets all of them, and the first pass, into cold memory, is only one of
/// many.
pub fn best_times(contestants: &mut [impl FnMut()], limits: &Limits) -> Vec<f64> {
    let count = contestants.len();
    let mut best = vec![Duration::MAX; count];
    let (mut used, mut longest) = (Duration::ZERO, Duration::ZERO);
    for round in 0..limits.rounds.max(1) {
        let least = if longest < LONG { LEAST_ROUNDS.0 } else { LEAST_ROUNDS.1 };
        if round >= least && used >= limits.budget * count as u32 {
            break;
        }
        for turn in 0..count {
            let i = contestant(round, turn, count);
            std::thread::sleep(limits.pause);
            let start = read(limits.clock);
            contestants[i]();
            let time = read(limits.clock) - start;
            best[i] = best[i].min(time);
            longest = longest.max(time);
            used += time;
        }
    }
    best.iter().map(Duration::as_secs_f64).collect()
}

/// Whose turn it is: the rows of Williams' squares (1949), `0, -1, 1, -2, 2 ..` plus the round. What a pass leaves in the
/// caches and does to the clock rate meets the next one; here each contestant follows each other one equally often, in
/// `count` rounds if that is even. If it is odd, every other `count` rounds run the other way.
fn contestant(round: usize, turn: usize, count: usize) -> usize {
    let step = turn.div_ceil(2);
    let forward = turn.is_multiple_of(2) != (count % 2 == 1 && round / count % 2 == 1);
    (round + if forward { step } else { count - step }) % count
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_follows_everybody_else_equally_often() {
        for count in 1..8 {
            let rounds = if count % 2 == 0 { count } else { 2 * count };
            let mut follows = vec![vec![0; count]; count];
            for round in 0..rounds {
                let order: Vec<_> = (0..count).map(|turn| contestant(round, turn, count)).collect();
                assert!((0..count).all(|i| order.contains(&i)), "{order:?}");
                order.windows(2).for_each(|pair| follows[pair[0]][pair[1]] += 1);
            }
            for (i, row) in follows.iter().enumerate() {
                let equal = |(j, times): (usize, &usize)| *times == if i == j { 0 } else { rounds / count };
                assert!(row.iter().enumerate().all(equal), "{count}: {follows:?}");
            }
        }
    }

    #[test]
    fn all_race_equally_often_and_at_least_the_least_number_of_rounds() {
        let limits = |seconds, rounds| Limits {
            clock: ClockId::Monotonic,
            budget: Duration::from_secs(seconds),
            rounds,
            pause: Duration::ZERO,
        };
        for (limits, expected) in [(limits(0, usize::MAX), LEAST_ROUNDS.0), (limits(9, 7), 7), (limits(9, 0), 1)] {
            let mut counts = [0; 3];
            let mut passes: Vec<_> = counts.iter_mut().map(|count| || *count += 1).collect();
            best_times(&mut passes, &limits);
            assert_eq!(counts, [expected; 3]);
        }
    }
}
