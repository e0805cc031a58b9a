/* Prints the name and the hash of every case, as table.txt has them. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

size_t golden_count(void);
const char *golden_name(size_t number);
size_t golden_name_len(size_t number);
uint64_t golden_hash(size_t number);

int main(void) {
    size_t i;
    for (i = 0; i < golden_count(); i++) {
        printf("%.*s %016" PRIx64 "\n", (int)golden_name_len(i), golden_name(i), golden_hash(i));
    }
    return 0;
}
