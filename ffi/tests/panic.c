/* What the proof build calls where it would panic, and what a build without link-time optimization refers to besides. */
#include <stdio.h>
#include <stdlib.h>

void lowrank_panic_is_reachable(void);
void lowrank_panic_is_reachable(void) {
    fprintf(stderr, "a panic\n");
    abort();
}

void rust_eh_personality(void);
void rust_eh_personality(void) { abort(); }
