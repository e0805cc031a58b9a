//! NMF and semi-NMF update by update.
//!
//! The functions that go on with an iteration are the same for all methods, matrices and number types, so they reach
//! theirs through pointers that its beginning has written. A program links only the methods that it begins.

use lowrank::nmf::{self, Progress, divergence};
use lowrank::operator::Entries;
use lowrank::{Error, Real, snmf};

use super::export;
use crate::state::{Held, Place, State};
use crate::status::{Fault, Info};

/// An iteration that is driven from outside.
pub trait Iterate {
    /// One iteration, and how far it has come if that is known without more work.
    fn update(&mut self) -> Result<Option<Progress>, Error>;
    /// How far it has come, if `update` did not tell.
    fn progress(&mut self) -> Result<Option<Progress>, Error>;
    fn finish(self) -> Result<(), Error>;
}

impl<T: Real, X: Entries<T>> Iterate for nmf::State<'_, T, X> {
    fn update(&mut self) -> Result<Option<Progress>, Error> {
        self.update().map(Some)
    }
    fn progress(&mut self) -> Result<Option<Progress>, Error> {
        Ok(None)
    }
    fn finish(self) -> Result<(), Error> {
        self.finish()
    }
}

impl<T: Real, X: Entries<T>> Iterate for divergence::State<'_, T, X> {
    fn update(&mut self) -> Result<Option<Progress>, Error> {
        self.update().map(|()| None)
    }
    fn progress(&mut self) -> Result<Option<Progress>, Error> {
        self.progress().map(Some)
    }
    fn finish(self) -> Result<(), Error> {
        self.finish()
    }
}

impl<T: Real, X: Entries<T>> Iterate for snmf::State<'_, T, X> {
    fn update(&mut self) -> Result<Option<Progress>, Error> {
        self.update().map(Some)
    }
    fn progress(&mut self) -> Result<Option<Progress>, Error> {
        Ok(None)
    }
    fn finish(self) -> Result<(), Error> {
        self.finish()
    }
}

/// What every state of this kind begins with.
#[repr(C)]
struct Head {
    update: unsafe fn(*mut Head) -> Result<Info, Error>,
    progress: unsafe fn(*mut Head) -> Result<Info, Error>,
    finish: unsafe fn(*mut Head) -> Result<Info, Error>,
    /// What was told last.
    last: Info,
}

/// A matrix and the iteration that refers to it.
#[repr(C)]
struct Body<X, I> {
    head: Head,
    operator: X,
    iteration: I,
}

impl Held for Head {
    const KIND: u8 = 1;
}

impl<X, I> Held for Body<X, I> {
    const KIND: u8 = Head::KIND;
}

/// Nothing is known of an iteration but its number.
fn unknown(iterations: usize) -> Info {
    let nan = f64::NAN;
    Info { iterations, relative_error: nan, objective: nan, projected_gradient: nan, terms: nan, ..Info::default() }
}

/// Puts the operator in its place, and the iteration that `start` makes of it beside it.
///
/// # Safety
/// The state is the caller's to write, and stays where it is; what the operator and the iteration refer to stays while
/// there is an iteration.
pub unsafe fn begin<'a, X: 'a, I: Iterate + 'a>(
    place: Place,
    operator: X,
    start: impl FnOnce(&'a X) -> Result<I, Error>,
) -> Result<Info, Fault> {
    let head = Head { update: update::<X, I>, progress: progress::<X, I>, finish: finish::<X, I>, last: unknown(0) };
    // SAFETY: the caller vouches for the state; each part is written before it is referred to.
    unsafe {
        let body = place.clear::<Body<X, I>>();
        (&raw mut (*body).operator).write(operator);
        let iteration = start(&(*body).operator)?;
        (&raw mut (*body).iteration).write(iteration);
        (&raw mut (*body).head).write(head);
        place.commit::<Body<X, I>>();
    }
    Ok(unknown(0))
}

/// # Safety
/// The head is that of a `Body<X, I>`, which is the caller's to write.
unsafe fn update<X, I: Iterate>(head: *mut Head) -> Result<Info, Error> {
    let body = head.cast::<Body<X, I>>();
    // SAFETY: the caller vouches for it. Only the iteration is borrowed, and not the operator that it refers to.
    let (iteration, last) = unsafe { (&mut (*body).iteration, &mut (*body).head.last) };
    *last = match iteration.update()? {
        Some(progress) => progress.into(),
        None => unknown(last.iterations.wrapping_add(1)),
    };
    Ok(*last)
}

/// # Safety
/// As [`update`].
unsafe fn progress<X, I: Iterate>(head: *mut Head) -> Result<Info, Error> {
    let body = head.cast::<Body<X, I>>();
    // SAFETY: as in `update`.
    let (iteration, last) = unsafe { (&mut (*body).iteration, &mut (*body).head.last) };
    // Before the first update there is nothing to tell.
    if last.iterations > 0
        && let Some(progress) = iteration.progress()?
    {
        *last = progress.into();
    }
    Ok(*last)
}

/// # Safety
/// As [`update`], and the iteration is not used again.
unsafe fn finish<X, I: Iterate>(head: *mut Head) -> Result<Info, Error> {
    let body = head.cast::<Body<X, I>>();
    // SAFETY: the caller vouches for it.
    let (iteration, last) = unsafe { ((&raw const (*body).iteration).read(), (&raw const (*body).head.last).read()) };
    iteration.finish()?;
    Ok(last)
}

export! { lowrank_update(state: *mut State), {}, {
    // SAFETY: the contract; a state with this tag has a body with this head.
    unsafe {
        let head = Place::new(state)?.body::<Head>()?;
        Ok(((*head).update)(head)?)
    }
} }

export! { lowrank_progress(state: *mut State), {}, {
    // SAFETY: as above.
    unsafe {
        let head = Place::new(state)?.body::<Head>()?;
        Ok(((*head).progress)(head)?)
    }
} }

export! { lowrank_finish(state: *mut State), {}, {
    // SAFETY: as above; the tag is gone when the iteration is.
    unsafe {
        let place = Place::new(state)?;
        let head = place.body::<Head>()?;
        let finish = (*head).finish;
        place.clear::<Head>();
        Ok(finish(head)?)
    }
} }
