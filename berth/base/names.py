"""Random names for containers that were given none: ``adjective_surname``, people of science and craft."""

import secrets
from collections.abc import Callable

_ADJECTIVES = tuple(
    """
    able agile amber ample apt astute avid balmy bold brave breezy bright brisk calm candid careful
    cheerful clear clever cordial cosy crisp curious daring deft diligent eager earnest easy elated
    elegant epic exact fair faithful fearless festive fine fleet fluent fond frank free fresh friendly
    frosty gallant genial gentle gifted glad golden graceful grand happy hardy hearty helpful honest
    hopeful humble jolly jovial keen kind lively loyal lucid lucky mellow merry mild mindful modest
    neat nimble noble patient peaceful placid playful polite proud quick quiet ready relaxed robust
    serene sharp silent sincere sleek smart snug sober solid sound spry stable steady stoic sunny
    swift tender thrifty tidy tranquil trusty upbeat vivid vigilant warm wise witty zealous
    """.split()  # noqa: SIM905 - a paragraph of words reads better than a list
)
_SURNAMES = tuple(
    """
    abel agnesi ampere anning archimedes aristotle babbage banach bardeen bell bernoulli bohr
    boltzmann boole borg bose brahe brown burnell cantor carson cauchy celsius chandrasekhar clarke
    cori cray curie dalton darwin descartes diophantus dirac doppler edison einstein elion emmy
    engelbart eratosthenes euclid euler faraday fermat fermi feynman fibonacci fourier franklin
    galileo galois gauss germain gibbs goodall gosling hamilton hawking heisenberg helmholtz hertz
    herschel hilbert hodgkin hooke hopper hubble huygens hypatia johnson joule kepler kirchhoff knuth
    kovalevskaya lagrange lamarr laplace lamport lavoisier leavitt leibniz linnaeus liskov lovelace
    lumiere mayer maxwell mcclintock meitner mendel mendeleev mirzakhani moore morse napier nash
    neumann newton nightingale nobel noether ohm oppenheimer pascal pasteur pauli payne perlman planck
    poincare ptolemy ramanujan ride riemann ritchie rosalind rubin rutherford sagan schrodinger
    shannon snell stokes tesla thompson torvalds turing volta watt wiles williams wilson wright wu
    yalow yonath
    """.split()  # noqa: SIM905 - a paragraph of words reads better than a list
)


def random_name(taken: Callable[[str], bool]) -> str:
    """A name for which ``taken`` is false; a digit is appended when plain pairs keep colliding."""
    for attempt in range(1000):
        name = f"{secrets.choice(_ADJECTIVES)}_{secrets.choice(_SURNAMES)}"
        if attempt >= 3:
            name += str(secrets.randbelow(10))
        if not taken(name):
            return name
    # A thousand collisions mean tens of thousands of containers: fall back on a name that cannot collide.
    return f"{secrets.choice(_ADJECTIVES)}_{secrets.token_hex(6)}"
