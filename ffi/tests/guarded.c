/*
 * Every function with memory that ends, and then memory that begins, at a page that must not be touched: not one element
 * beyond what the header says is read or written.
 */
#define _DEFAULT_SOURCE
#include "subjects.h"

#include <sys/mman.h>
#include <unistd.h>

static struct call c, plain;

/* `bytes` of memory between pages that must not be touched, next to the second or to the first. */
struct guarded {
    char *pages;
    size_t length;
    char *memory;
};

static struct guarded guard(size_t bytes, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner = (bytes + page - 1) / page * page;
    struct guarded g;
    g.length = inner + 2 * page;
    g.pages = (char *)mmap(NULL, g.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.pages == (char *)MAP_FAILED || (inner > 0 && mprotect(g.pages + page, inner, PROT_READ | PROT_WRITE) != 0)) {
        perror("guard pages");
        exit(1);
    }
    g.memory = g.pages + page + (at_end ? inner - bytes : 0);
    return g;
}

/* Moves what a pointer leads to between such pages, and the pointer with it. */
static struct guarded move(void *pointer, size_t bytes, int at_end) {
    struct guarded g = guard(bytes, at_end);
    char *from;
    memcpy(&from, pointer, sizeof from);
    if (bytes > 0) memcpy(g.memory, from, bytes);
    memcpy(pointer, &g.memory, sizeof g.memory);
    return g;
}

static void guarded(const struct subject *t, int at_end) {
    struct guarded all[SLOTS + 3];
    size_t s, i, count = 0;

    prepare(&plain, t);
    CHECK(t->run(&plain) == LOWRANK_OK);
    prepare(&c, t);
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        const size_t elements = slot->rows * (slot->cols ? slot->cols : 1);
        switch (slot->kind) {
        case NOTHING: break;
        case MATRIX: all[count++] = move(&c.mats[s].data, elements * sizeof(T), at_end); break;
        case NUMBERS: all[count++] = move(&c.given[s], elements * sizeof(T), at_end); break;
        case SIZES: all[count++] = move(&c.given[s], elements * sizeof(size_t), at_end); break;
        case DOUBLES: all[count++] = move(&c.given[s], elements * sizeof(double), at_end); break;
        case STATE: all[count++] = move(&c.given[s], sizeof(lowrank_state), at_end); break;
        case SPARSE:
            all[count++] = move((void *)&c.csr.starts, (M + 1) * sizeof(size_t), at_end);
            all[count++] = move((void *)&c.csr.columns, M * N * sizeof(uint32_t), at_end);
            all[count++] = move((void *)&c.csr.values, M * N * sizeof(T), at_end);
            break;
        }
    }
    all[count++] = move(&c.scratch, c.scratch_len * sizeof(T), at_end);
    CHECK(t->run(&c) == LOWRANK_OK);
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        const size_t elements = slot->rows * (slot->cols ? slot->cols : 1);
        if (slot->kind == MATRIX) CHECK(memcmp(c.mats[s].data, plain.mats[s].data, elements * sizeof(T)) == 0);
        if (slot->kind == NUMBERS) CHECK(memcmp(c.given[s], plain.given[s], elements * sizeof(T)) == 0);
    }
    for (i = 0; i < count; i++) munmap(all[i].pages, all[i].length);
    c.scratch = NULL;
}

int main(void) {
    size_t i;
    for (i = 0; i < LENGTH(subjects); i++) {
        guarded(&subjects[i], 1);
        guarded(&subjects[i], 0);
    }
    printf("guarded, %s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
