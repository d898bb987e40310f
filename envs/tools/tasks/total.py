"""Add up what one customer's orders cost, which lie in several files."""

from decimal import Decimal, InvalidOperation
from random import Random

from envs.tools.commands import written
from envs.tools.task import Files, Task
from envs.tools.tasks.words import GOODS, PEOPLE

ANSWER = "total.txt"


def total(dice: Random, files: int) -> Task:
    """Orders of several people, a file each; two to four of them, as far as there are, are one's."""
    wanted, *others = dice.sample(PEOPLE, 4)
    count = min(dice.randint(2, 4), files)
    customers = [wanted] * count + [dice.choice(others) for _ in range(files - count)]
    dice.shuffle(customers)
    numbers = sorted(dice.sample(range(100, 1000), files))
    texts, products, paths = {}, [], []
    for number, customer in zip(numbers, customers, strict=True):
        path = f"orders/{number}.txt"
        pieces, cents = dice.randint(2, 40), dice.randint(15, 999)
        price = f"{cents // 100}.{cents % 100:02}"
        texts[path] = (
            f"Order {number}\nCustomer: {customer}\nGoods: {pieces} {dice.choice(GOODS)}\n"
            f"Price of one: {price}\n"
        )
        if customer == wanted:
            products.append((pieces, price))
            paths.append(path)
    sum_ = sum((pieces * Decimal(price) for pieces, price in products), Decimal())

    def check(now: Files) -> float:
        try:
            return float(Decimal(now.get(ANSWER, "").strip()) == sum_)
        except InvalidOperation:
            return 0.0

    return Task(
        goal=f"Write to {ANSWER} what all orders of {wanted} cost together, as a plain number. The "
        "orders are in 'orders'.",
        files=texts,
        check=check,
        walkthrough=(
            f"search Customer: {wanted}",
            *(f"read {path}" for path in paths),
            "calculate " + " + ".join(f"{pieces} * {price}" for pieces, price in products),
            written(ANSWER, str(sum_)),
            "done",
        ),
    )
