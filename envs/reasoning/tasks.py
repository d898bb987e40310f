"""The tasks of reasoning-gym that are offered, by their names there.

A list of our own, for two reasons: it is known without importing the library, which takes seconds;
and several of the library's verifiers evaluate an answer as Python, so each task has been looked
through for that (see answers.py). A task that a later version brings is offered once it has been.

Left out are those of `LEFT_OUT`, each for its reason.
"""

LEFT_OUT: dict[str, str] = {
    "codeio": "it runs snippets of code from its data to make a question",
    "composite": "it is no task but a mixture of others",
    **dict.fromkeys(
        ("isomorphic_strings", "polynomial_multiplication", "ransom_note"),
        "its questions follow the order of Python's sets, which no seed decides",
    ),
}

TASKS: dict[str, tuple[str, ...]] = {
    "algebra": (
        "complex_arithmetic", "intermediate_integration", "polynomial_equations",
        "simple_equations", "simple_integration",
    ),
    "algorithms": (
        "ab", "base_conversion", "binary_alternation", "binary_matrix", "caesar_cipher",
        "count_primes", "cryptarithm", "game_of_life", "game_of_life_halting", "graph_color",
        "group_anagrams", "jugs", "letter_counting", "letter_jumble",
        "manipulate_matrix", "number_filtering", "number_sorting", "palindrome_generation",
        "palindrome_partitioning", "pool_matrix", "rotate_matrix", "rotten_oranges",
        "sentence_reordering", "spell_backward", "spiral_matrix", "string_insertion",
        "string_manipulation", "string_splitting", "string_synthesis", "word_ladder",
        "word_sequence_reversal", "word_sorting",
    ),
    "arithmetic": (
        "basic_arithmetic", "bitwise_arithmetic", "calendar_arithmetic", "chain_sum", "count_bits",
        "decimal_arithmetic", "decimal_chain_sum", "dice", "fraction_simplification", "gcd",
        "gsm_symbolic", "lcm", "leg_counting", "number_format", "power_function",
        "prime_factorization", "products", "time_intervals",
    ),
    "code": ("bf",),
    "cognition": (
        "color_cube_rotation", "figlet_font", "modulo_grid", "needle_haystack", "number_sequence",
        "rectangle_count", "rubiks_cube",
    ),
    "games": (
        "boxnet", "countdown", "emoji_mystery", "futoshiki", "kakurasu", "knight_swap",
        "mahjong_puzzle", "maze", "mini_sudoku", "n_queens", "puzzle24", "rush_hour", "sokoban",
        "sudoku", "survo", "tower_of_hanoi", "tsumego",
    ),
    "geometry": ("advanced_geometry", "simple_geometry"),
    "graphs": (
        "course_schedule", "family_relationships", "largest_island", "path_star", "quantum_lock",
        "shortest_path",
    ),
    "grids": ("arc_1d", "arc_agi", "rearc"),
    "induction": ("acre", "list_functions"),
    "logic": (
        "aiw", "circuit_logic", "knights_knaves", "propositional_logic", "self_reference",
        "syllogism", "zebra_puzzles",
    ),
    "probability": ("coin_flip",),
}  # fmt: skip

KINDS: dict[str, str] = {name: kind for kind, names in TASKS.items() for name in names}
"""The kind of each task by its name."""
