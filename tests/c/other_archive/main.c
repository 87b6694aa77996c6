/* Partita and another Rust static library live in one program, and both work. */
#include <partita.h>

#include <stdint.h>
#include <string.h>

uint32_t other_panics_caught(void);

int main(void) {
    struct partita_str version = partita_version();
    if (version.len != strlen(PARTITA_VERSION)) return 1;
    if (other_panics_caught() != 3) return 2;
    return partita_abi() == PARTITA_ABI ? 0 : 3;
}
