"""Commands for those who develop Bulwark: the contract, migrations, pages made from the code."""
